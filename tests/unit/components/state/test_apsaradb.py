"""PostgreSQL on ApsaraDB RDS: two zones, the customer's key, TLS, backups, and a Secret that stays secret."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pulumi
import pytest

from components.state.apsaradb import ApsaraDatabase, ApsaraDatabaseArgs, database_url, new_password
from components.state.stores import PostgresDriver
from plan.recorder import Echo

HOST = "pgm-bp1example.pg.rds.aliyuncs.com"
INSTANCE = "alicloud:rds/instance:Instance"
BACKUP = "alicloud:rds/backupPolicy:BackupPolicy"
ACCOUNT = "alicloud:rds/rdsAccount:RdsAccount"
DATABASE = "alicloud:rds/database:Database"
OWNER = "alicloud:rds/accountPrivilege:AccountPrivilege"
SECRET = "kubernetes:core/v1:Secret"


class Cloud(Echo):
    """Knows the address of an instance, as RDS does."""

    def new_resource(self, args: Any) -> Any:
        resource_id, outputs = super().new_resource(args)
        return resource_id, outputs | ({"connectionString": HOST} if args.typ == INSTANCE else {})


def arguments(**changes: Any) -> ApsaraDatabaseArgs:
    fixed = {
        "namespace": "kotaemon",
        "cloud_name": "kotaemon-prod",
        "key_id": "key-hzz6540example",
        "vpc_id": "vpc-bp1example",
        "vswitches": {"cn-hangzhou-h": "vsw-h", "cn-hangzhou-i": "vsw-i"},
        "client_cidrs": ["10.0.0.0/16"],
        "client_network": "10.0.0.0/16",
    }
    return ApsaraDatabaseArgs(**{**fixed, **changes})


def made(pulumi_run: Callable[..., Any], **changes: Any) -> Any:
    return pulumi_run(lambda: {"store": ApsaraDatabase("database", arguments(**changes)).store}, resources=Cloud())


def test_the_instance(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, tags={"app": "kotaemon"}, resource_group_id="rg-acfmexample")
    assert run.one(INSTANCE).inputs == {
        "instanceName": "kotaemon-prod",
        "engine": "PostgreSQL",
        "engineVersion": "16.0",
        "category": "HighAvailability",
        "instanceType": "pg.x4.medium.2c",
        "instanceStorage": 50,
        "dbInstanceStorageType": "cloud_essd",
        "instanceChargeType": "Postpaid",
        "zoneId": "cn-hangzhou-h",
        "zoneIdSlaveA": "cn-hangzhou-i",
        "vpcId": "vpc-bp1example",
        "vswitchId": "vsw-h,vsw-i",
        "securityIps": ["10.0.0.0/16"],
        "encryptionKey": "key-hzz6540example",
        "sslAction": "Open",
        "caType": "aliyun",
        "deletionProtection": True,
        "autoUpgradeMinorVersion": "Auto",
        "resourceGroupId": "rg-acfmexample",
        "tags": {"app": "kotaemon"},
    }


def test_backups_and_logs_are_kept_equally_long(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, backup_days=30).one(BACKUP).inputs
    assert found["instanceId"] == "database-instance-id"
    assert (found["backupRetentionPeriod"], found["logBackupRetentionPeriod"]) == (30, 30)
    assert found["enableBackupLog"] is True
    assert len(found["preferredBackupPeriods"]) == 7


def test_the_account_owns_the_one_database(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run)
    account = run.one(ACCOUNT)
    assert account.inputs["accountType"] == "Normal"
    assert account.secret_keys == {"accountPassword"}
    assert account.ignore_changes == ("accountPassword",)
    assert run.one(DATABASE).inputs == {
        "instanceId": "database-instance-id",
        "dataBaseName": "kotaemon",
        "characterSet": "UTF8,C,en_US.utf8",
    }
    assert run.one(OWNER).inputs == {
        "instanceId": "database-instance-id",
        "accountName": "kotaemon",
        "privilege": "DBOwner",
        "dbNames": ["kotaemon"],
    }


def test_the_url_is_secret_and_right(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run)
    secret = run.one(SECRET)
    assert secret.secret_keys == {"data"}
    assert secret.inputs["metadata"] == {"name": "database", "namespace": "kotaemon"}
    url = urlsplit(base64.b64decode(secret.inputs["data"]["url"]).decode())
    assert (url.scheme, url.username, url.hostname, url.port, url.path) == (
        "postgresql",
        "kotaemon",
        HOST,
        5432,
        "/kotaemon",
    )
    assert parse_qs(url.query) == {"sslmode": ["require"]}
    assert url.password == run.one(ACCOUNT).inputs["accountPassword"]
    assert run.one(OWNER).urn in secret.depends_on  # nobody connects before the account may


def test_what_the_application_is_given(pulumi_run: Callable[..., Any]) -> None:
    store = made(pulumi_run, driver=PostgresDriver.IMAGE, client_network="10.0.32.0/20").outputs["store"].value
    assert store == {
        "url": {"secret_name": "database", "key": "url"},
        "endpoint": {"cidr": "10.0.32.0/20", "port": 5432},
        "driver": PostgresDriver.IMAGE,
    }


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_is_kept(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = made(pulumi_run, protect=protect)
    for kind in (INSTANCE, ACCOUNT, DATABASE, OWNER, "alicloud:rds/backupPolicy:BackupPolicy", SECRET):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (protect, True), kind
    assert run.one(INSTANCE).inputs["deletionProtection"] is True
    children = [r for r in run.registrations if r.name != "database"]
    assert all([parent.name for parent in run.parents(child)] == ["database"] for child in children)


def test_passwords_are_as_rds_wants_them() -> None:
    passwords = {new_password() for _ in range(200)}
    assert len(passwords) == 200
    for password in passwords:
        assert len(password) == 32
        kinds = [any(map(kind, password)) for kind in (str.isupper, str.islower, str.isdigit)]
        assert sum([*kinds, bool({"-", "_"} & set(password))]) >= 3
        assert urlsplit(database_url("database", password, HOST)).password == password


def test_rds_itself_stops_to_refuse_a_deletion_only_when_that_is_said(pulumi_run: Callable[..., Any]) -> None:
    assert made(pulumi_run, deletion_protection=False).one(INSTANCE).inputs["deletionProtection"] is False


def test_without_a_password_no_url_is_written() -> None:
    with pytest.raises(pulumi.RunError, match="only the Secret database has it"):
        database_url("database", None, HOST)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"instance_type": "pg.n2.2c.2m"},
            "ApsaraDatabase 'database': instance type 'pg.n2.2c.2m': only dedicated types (pg.x...) can be encrypted "
            "with a key of yours",
        ),
        (
            {"vswitches": {"cn-hangzhou-h": "vsw-h"}},
            "ApsaraDatabase 'database': primary and standby need two different zones",
        ),
        (
            {"client_cidrs": ["0.0.0.0/0"]},
            "ApsaraDatabase 'database': client_cidrs '0.0.0.0/0': must be the cluster's private network: stored data is "
            "reachable from it",
        ),
        (
            {"client_cidrs": []},
            "ApsaraDatabase 'database': client_cidrs: at least one network is needed, or no pod can connect",
        ),
    ],
)
def test_wrong_arguments(pulumi_run: Callable[..., Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made(pulumi_run, **changes)
    assert str(refused.value) == message


def test_nothing_reads_an_unknown(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: ApsaraDatabase("database", arguments()) and None, preview=True)
    assert run.one(SECRET).unknowns == {"data"}
    assert run.one(SECRET).secret_keys == {"data"}


def test_the_disk_grows_by_itself_only_where_that_is_asked_for(pulumi_run: Callable[..., Any]) -> None:
    asked = made(pulumi_run, max_storage_gib=200, maintenance_window="18:00Z-19:00Z").one(INSTANCE).inputs
    assert (asked["storageAutoScale"], asked["storageThreshold"], asked["storageUpperBound"]) == ("Enable", 10, 200)
    assert asked["maintainTime"] == "18:00Z-19:00Z"
    silent = made(pulumi_run).one(INSTANCE).inputs
    assert not {"storageAutoScale", "storageThreshold", "storageUpperBound", "maintainTime"} & set(silent)
