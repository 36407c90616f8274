"""PostgreSQL on ApsaraDB RDS for the `scaled` profile: users, conversations, settings."""

import secrets
from collections.abc import Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..alicloud import refused_cidr, refused_cloud_name, refused_database, refused_tags
from ..pod.args import Endpoint, SecretKey
from ..pod.secret import secret_data
from ..refusal import because, reasons, refuse
from .certificates import bundle_refused, ca_config_map, tls_parameters
from .stores import DatabaseStore, PostgresDriver, password_unknown

PORT = 5432
USER = "kotaemon"
DATABASE = "kotaemon"
URL_KEY = "url"
FREE_PERCENT = 10
"""The disk grows when less than this is free: the smallest of the provider's values, as disks never shrink."""
EVERY_DAY = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ApsaraDatabaseArgs(TypedDict):
    """Arguments of ApsaraDatabase."""

    namespace: Input[str]
    """Namespace of the application: the Secret with the URL goes there."""
    cloud_name: str
    """Name of the instance in the account."""
    key_id: Input[str]
    """Id of the KMS key. Where it is disabled RDS locks the instance at once."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    vswitches: Mapping[str, Input[str]]
    """Zone -> vSwitch, exactly two: that of the primary first, that of the standby second."""
    client_cidrs: Sequence[str]
    """Private networks of the nodes and pods; nobody else may connect."""
    client_network: Input[str]
    """Network that holds the vSwitches, for the pods' NetworkPolicy: the address changes zone with the primary."""
    version: NotRequired[str]
    """Version of PostgreSQL; default 16.0."""
    instance_type: NotRequired[str]
    """Default pg.x4.medium.2c, the smallest dedicated one: general-purpose types cannot be encrypted with your key."""
    storage_gib: NotRequired[int]
    """GiB of ESSD, 20 to 64,000 in steps of 5; default 50."""
    max_storage_gib: NotRequired[int]
    """GiB to which the disk may grow by itself, when less than a tenth of it is free; default: it does not grow."""
    maintenance_window: NotRequired[str]
    """Daily window in UTC, `hh:mmZ-hh:mmZ` of one hour (ModifyDBInstanceMaintainTime); default: RDS chooses one."""
    backup_days: NotRequired[int]
    """Days that daily backups and logs are kept, for recovery to any second, 7 to 730; default 14."""
    driver: NotRequired[PostgresDriver]
    """Where the application's psycopg2 comes from; default install."""
    resource_group_id: NotRequired[str]
    """Resource group; default: the account's default group."""
    ca_bundle: NotRequired[str]
    """Certificates in PEM that sign the server's own: pods then check the server's name and certificate
    (sslmode=verify-full). Default: the connection is encrypted and the server is not checked."""
    kept_secret: NotRequired[bool]
    """The Secret with the URL is one that was kept, and nothing else knows the password: its data is left as it is.
    Default false."""
    deletion_protection: NotRequired[bool]
    """Whether RDS itself refuses to delete the instance; default true, whatever `protect` is."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of the instance."""
    protect: NotRequired[bool]
    """Refuse to delete the instance and its Secret here; default true. They are kept on deletion in any case."""


def new_password() -> str:
    """32 URL-safe characters of at least three kinds, as RDS wants them (CreateAccount: AccountPassword)."""
    while True:
        password = secrets.token_urlsafe(24)
        kinds = (ascii_uppercase, ascii_lowercase, digits, "-_")
        if sum(any(char in kind for char in password) for kind in kinds) >= 3:
            return password


def database_url(name: str, password: str | None, host: str, *, verified: bool = False) -> str:
    """The URL as SQLAlchemy takes it. The password is URL-safe as it is generated.

    Raises pulumi.RunError when nobody knows the password: the account was taken up by its id.

    RDS signs its certificates with a CA of its own, which the application's image does not know: the server is checked
    only where the bundle is mounted (`verified`).
    """
    if not password:
        raise pulumi.RunError(password_unknown("ApsaraDatabase", name, name))
    return f"postgresql://{USER}:{password}@{host}:{PORT}/{DATABASE}?{tls_parameters(verified=verified)}"


def check(name: str, args: ApsaraDatabaseArgs) -> list[str]:
    """Mistakes in the arguments of ApsaraDatabase(name, args); none: it can be made."""
    kind, size, days, cidrs = _instance_type(args), _storage(args), _backup_days(args), args["client_cidrs"]
    most = args.get("max_storage_gib")
    return [
        *reasons(refused_database(kind, size, days, list(args["vswitches"]), most)),
        *because(f"cloud_name {args['cloud_name']!r}", refused_cloud_name(args["cloud_name"])),
        *because("tags", refused_tags(args.get("tags", {}))),
        *because("ca_bundle", bundle_refused(args["ca_bundle"]) if "ca_bundle" in args else ""),
        *because("client_cidrs", "" if cidrs else "at least one network is needed, or no pod can connect"),
        *(mistake for cidr in cidrs for mistake in because(f"client_cidrs {cidr!r}", refused_cidr(cidr))),
    ]


def instance_args(args: ApsaraDatabaseArgs) -> alicloud.rds.InstanceArgs:
    """Primary and standby in two zones; `vswitch_id` has both vSwitches, in their order (CreateDBInstance)."""
    primary, standby = args["vswitches"]
    most = args.get("max_storage_gib")
    return alicloud.rds.InstanceArgs(
        instance_name=args["cloud_name"],
        engine="PostgreSQL",
        engine_version=args.get("version", "16.0"),
        category="HighAvailability",
        instance_type=_instance_type(args),
        instance_storage=_storage(args),
        db_instance_storage_type="cloud_essd",
        storage_auto_scale=None if most is None else "Enable",
        storage_threshold=None if most is None else FREE_PERCENT,
        storage_upper_bound=most,
        maintain_time=args.get("maintenance_window"),
        instance_charge_type="Postpaid",
        zone_id=primary,
        zone_id_slave_a=standby,
        vpc_id=args["vpc_id"],
        vswitch_id=Output.all(*args["vswitches"].values()).apply(",".join),
        security_ips=list(args["client_cidrs"]),
        encryption_key=args["key_id"],
        ssl_action="Open",
        ca_type="aliyun",
        deletion_protection=args.get("deletion_protection", True),
        auto_upgrade_minor_version="Auto",
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )


def backup_args(args: ApsaraDatabaseArgs, instance_id: Input[str]) -> alicloud.rds.BackupPolicyArgs:
    """Daily backups and all logs between them. Logs cannot be kept longer than backups: the provider would silently
    lower the number and plan it again for ever (terraform-provider-alicloud: db_backup_policy)."""
    return alicloud.rds.BackupPolicyArgs(
        instance_id=instance_id,
        preferred_backup_periods=list(EVERY_DAY),
        preferred_backup_time="18:00Z-19:00Z",  # 02:00 in China
        backup_retention_period=_backup_days(args),
        enable_backup_log=True,
        log_backup_retention_period=_backup_days(args),
    )


class ApsaraDatabase(pulumi.ComponentResource):
    """An instance over two zones that only the cluster reaches, and the Secret with the URL of its one database."""

    store: DatabaseStore
    """The database in the form that the argument `stores.database` of Kotaemon takes."""
    instance_id: Output[str]
    """Id of the instance in the cloud."""

    def __init__(self, name: str, args: ApsaraDatabaseArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ApsaraDatabase", name, check(name, args))
        super().__init__("kotaemon:index:ApsaraDatabase", name, None, opts)
        self._kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        instance = alicloud.rds.Instance(
            f"{name}-instance",
            args=instance_args(args),
            opts=ResourceOptions(
                parent=self,
                protect=args.get("protect", True),
                retain_on_delete=True,
                ignore_changes=["encryptionKey"],  # the disks keep the key that they were made with
            ),
        )
        alicloud.rds.BackupPolicy(f"{name}-backup", args=backup_args(args, instance.id), opts=self._kept)
        password = self._account(name, instance)
        url = Output.all(password, instance.connection_string).apply(
            lambda known: database_url(name, known[0], known[1], verified="ca_bundle" in args)
        )
        as_it_is = args.get("kept_secret", False)
        secret = k8s.core.v1.Secret(
            f"{name}-url",
            metadata=ObjectMetaArgs(name=name, namespace=args["namespace"]),
            type="Opaque",
            data=None if as_it_is else secret_data({URL_KEY: url}),
            opts=ResourceOptions(
                parent=self,
                protect=self._kept.protect,
                retain_on_delete=True,
                ignore_changes=["data"] if as_it_is else None,
            ),
        )
        self.instance_id = instance.id
        self.store = DatabaseStore(
            url=SecretKey(secret_name=secret.metadata.apply(lambda metadata: metadata.name or ""), key=URL_KEY),
            endpoint=Endpoint(cidr=args["client_network"], port=PORT),
            driver=args.get("driver", PostgresDriver.INSTALL),
        )
        if "ca_bundle" in args:
            self.store["ca_config_map"] = ca_config_map(self, name, args["namespace"], args["ca_bundle"])
        self.register_outputs({"store": self.store})

    def _account(self, name: str, instance: alicloud.rds.Instance) -> Output[str]:
        """Makes the account that owns the database. Gives its password, known once the account may use the database."""
        account = alicloud.rds.RdsAccount(
            f"{name}-account",
            db_instance_id=instance.id,
            account_name=USER,
            # Made once and kept in the state, encrypted: `ignore_changes` holds on to the first one.
            account_password=Output.secret(new_password()),
            account_type="Normal",
            opts=ResourceOptions(
                parent=self,
                protect=self._kept.protect,
                retain_on_delete=True,
                ignore_changes=["accountPassword"],
            ),
        )
        database = alicloud.rds.Database(
            f"{name}-database",
            instance_id=instance.id,
            data_base_name=DATABASE,
            character_set="UTF8,C,en_US.utf8",
            opts=self._kept,
        )
        owner = alicloud.rds.AccountPrivilege(
            f"{name}-owner",
            instance_id=instance.id,
            account_name=account.account_name,
            privilege="DBOwner",  # from PostgreSQL 15 on only the owner makes tables in the schema public
            db_names=[database.data_base_name],
            opts=self._kept,
        )
        known = Output.all(account.account_password, owner.id)
        return Output.secret(known.apply(lambda values: values[0]))


def _instance_type(args: ApsaraDatabaseArgs) -> str:
    return args.get("instance_type", "pg.x4.medium.2c")


def _storage(args: ApsaraDatabaseArgs) -> int:
    return int(args.get("storage_gib", 50))


def _backup_days(args: ApsaraDatabaseArgs) -> int:
    return int(args.get("backup_days", 14))
