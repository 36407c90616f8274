"""PostgreSQL on RDS: private, encrypted, backed up, and its URL a secret from the first moment."""

import base64
import re

import pulumi
import pytest

from components.state.rds import RdsDatabase, RdsDatabaseArgs, database_url
from components.state.stores import PostgresDriver
from plan.recorder import Echo

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
INSTANCE = "aws:rds/instance:Instance"


class Provider(Echo):
    """Gives the instance its address, and generated names to what has none."""

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        outputs.setdefault("name", f"{args.name}-1234567")
        if args.typ == INSTANCE:
            outputs["address"] = "kotaemon.abc.eu-central-1.rds.amazonaws.com"
        return id_, outputs


def arguments(**changes) -> RdsDatabaseArgs:
    values = {
        "namespace": "kotaemon",
        "key_arn": KEY,
        "identifier": "kotaemon-prod",
        "vpc_id": "vpc-00000001",
        "subnets": {"eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b"},
        "client_security_groups": {"nodes": "sg-0000000a"},
        "client_network": "10.0.0.0/16",
    }
    return RdsDatabaseArgs(**{**values, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: RdsDatabase("database", arguments(**changes)) and None, resources=Provider())


def test_the_instance(pulumi_run):
    instance = made(pulumi_run).one(INSTANCE)
    password, snapshot = instance.inputs.pop("password"), instance.inputs.pop("finalSnapshotIdentifier")
    assert len(password) >= 43
    assert re.fullmatch(r"kotaemon-prod-final-[0-9a-f]{8}", snapshot)
    assert instance.inputs == {
        "identifier": "kotaemon-prod",
        "engine": "postgres",
        "engineVersion": "17",
        "autoMinorVersionUpgrade": True,
        "instanceClass": "db.t4g.small",
        "storageType": "gp3",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "dbName": "kotaemon",
        "username": "kotaemon",
        "port": 5432,
        "dbSubnetGroupName": "database-subnets-1234567",
        "parameterGroupName": "database-parameters-1234567",
        "vpcSecurityGroupIds": ["database-group-id"],
        "publiclyAccessible": False,
        "multiAz": True,
        "backupRetentionPeriod": 14,
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
    }
    assert (instance.protect, instance.retain_on_delete) == (True, True)


def test_what_the_kept_one_is_in_is_kept_too(pulumi_run):
    """AWS refuses to delete a group that is in use."""
    used = [r for r in made(pulumi_run).registrations if r.type.startswith("aws:")]
    assert "aws:ec2/securityGroup:SecurityGroup" in {r.type for r in used}
    kept = [r for r in used if "Rule" not in r.type]
    assert {r.retain_on_delete for r in kept} == {True}


def test_its_rules_stay_as_long_as_it_does(pulumi_run):
    """Made before it, so the engine deletes none while it is protected; a rule whose client leaves is deleted."""
    run = made(pulumi_run)
    rules = {r.urn for r in run.registrations if "Rule" in r.type}
    assert rules
    assert rules <= set(run.one(INSTANCE).depends_on)
    assert not [r for r in run.registrations if r.urn in rules and (r.protect or r.retain_on_delete)]
    forgotten = made(pulumi_run, protect=False)
    assert all(r.retain_on_delete for r in forgotten.registrations if "Rule" in r.type)


def test_the_password_is_secret_and_stays_the_first_one(pulumi_run):
    instance = made(pulumi_run).one(INSTANCE)
    assert "password" in instance.secret_keys
    assert set(instance.ignore_changes) == {"password", "kmsKeyId", "finalSnapshotIdentifier"}


def test_no_two_instances_share_a_password(pulumi_run):
    assert made(pulumi_run).one(INSTANCE).inputs["password"] != made(pulumi_run).one(INSTANCE).inputs["password"]


def test_no_two_instances_share_a_final_snapshot(pulumi_run):
    """A second destroy of a stack would fail where the first one's snapshot is."""
    one, other = (made(pulumi_run).one(INSTANCE).inputs["finalSnapshotIdentifier"] for _ in range(2))
    assert one != other


def test_a_major_upgrade_is_allowed_only_when_it_is_asked_for(pulumi_run):
    allowed = made(pulumi_run, major_upgrade=True).one(INSTANCE).inputs
    assert (allowed["allowMajorVersionUpgrade"], allowed["applyImmediately"]) == (True, True)
    assert "allowMajorVersionUpgrade" not in made(pulumi_run).one(INSTANCE).inputs


def test_the_url_is_secret_and_asks_for_tls(pulumi_run):
    run = made(pulumi_run)
    secret = run.one("kubernetes:core/v1:Secret")
    password = run.one(INSTANCE).inputs["password"]
    assert base64.b64decode(secret.inputs["data"]["url"]).decode() == (
        f"postgresql://kotaemon:{password}@kotaemon.abc.eu-central-1.rds.amazonaws.com:5432/kotaemon?sslmode=require"
    )
    assert "data" in secret.secret_keys
    assert secret.inputs["metadata"] == {"name": "database-url", "namespace": "kotaemon"}


def test_the_server_refuses_connections_without_tls(pulumi_run):
    group = made(pulumi_run).one("aws:rds/parameterGroup:ParameterGroup")
    assert group.inputs["family"] == "postgres17"
    assert group.inputs["parameters"] == [{"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"}]


def test_only_the_nodes_reach_it(pulumi_run):
    run = made(pulumi_run)
    rule = run.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-0000000a", 5432, 5432)
    assert run.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ["subnet-0000000a", "subnet-0000000b"]


def test_what_the_application_gets(pulumi_run):
    def program():
        store = RdsDatabase("database", arguments(driver=PostgresDriver.IMAGE)).store
        assert store["driver"] == PostgresDriver.IMAGE
        assert store["endpoint"] == {"cidr": "10.0.0.0/16", "port": 5432}
        return {"secret": store["url"]["secret_name"]}

    assert pulumi_run(program, resources=Provider()).outputs["secret"].value == "database-url"


def test_protection_can_be_lifted_but_the_instance_stays_and_rds_still_refuses_to_delete_it(pulumi_run):
    instance = made(pulumi_run, protect=False).one(INSTANCE)
    assert (instance.protect, instance.retain_on_delete, instance.inputs["deletionProtection"]) == (False, True, True)


def test_rds_itself_stops_to_refuse_a_deletion_only_when_that_is_said(pulumi_run):
    assert made(pulumi_run, deletion_protection=False).one(INSTANCE).inputs["deletionProtection"] is False


@pytest.mark.parametrize("protect", [True, False])
def test_the_groups_and_the_secret_are_kept_like_the_instance(pulumi_run, protect):
    run = made(pulumi_run, protect=protect)
    for type_ in (
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:ec2/securityGroup:SecurityGroup",
        "kubernetes:core/v1:Secret",
    ):
        assert (run.one(type_).protect, run.one(type_).retain_on_delete) == (protect, True), type_


def test_without_a_password_no_url_is_written():
    with pytest.raises(pulumi.RunError, match="only the Secret database-url has it"):
        database_url("database", "u", None, "h")


def test_no_password_in_a_preview_is_shown_as_known(pulumi_run):
    run = pulumi_run(lambda: RdsDatabase("database", arguments()) and None, preview=True)
    assert "data" in run.one("kubernetes:core/v1:Secret").unknowns


def test_url():
    assert database_url("database", "u", "p", "h") == "postgresql://u:p@h:5432/kotaemon?sslmode=require"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"subnets": {"eu-central-1a": "subnet-0000000a"}},
            "RdsDatabase 'database': subnets: RDS needs subnets in at least two zones, also for a single instance",
        ),
        ({"size": 10}, "RdsDatabase 'database': size 10 GiB: PostgreSQL on gp3 has 20 to 65536 GiB"),
        (
            {"backup_days": 36},
            "RdsDatabase 'database': backup days 36: RDS keeps automated backups for 1 to 35 days; 0 would switch them off",
        ),
    ],
)
def test_mistakes(pulumi_run, change, message):
    with pytest.raises(pulumi.RunError) as error:
        made(pulumi_run, **change)
    assert str(error.value) == message


def test_windows_and_insights_only_where_they_are_asked_for(pulumi_run):
    asked = made(pulumi_run, maintenance_window="sun:02:00-sun:03:00", performance_insights=True).one(INSTANCE).inputs
    assert asked["maintenanceWindow"] == "sun:02:00-sun:03:00"
    assert (asked["performanceInsightsEnabled"], asked["performanceInsightsKmsKeyId"]) == (True, KEY)
    silent = made(pulumi_run).one(INSTANCE).inputs
    assert not {"maintenanceWindow", "performanceInsightsEnabled", "performanceInsightsKmsKeyId"} & set(silent)
