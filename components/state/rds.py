"""PostgreSQL on Amazon RDS for the `scaled` profile: users, conversations, settings."""

import secrets
from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import rds
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..aws import rds_refused, tags_refused
from ..eks.security_group import Ports, storage_group
from ..encryption.kept import KEEPS_ITS_KEY
from ..pod.args import ClusterImposes, Endpoint, SecretKey
from ..pod.secret import secret_data
from ..refusal import because, reasons, refuse
from .application_role import USER as ROLE
from .application_role import Server, make_role
from .certificates import bundle_refused, ca_config_map, tls_parameters
from .stores import DatabaseStore, PostgresDriver, password_unknown

PORT = 5432
USER = "kotaemon"
DATABASE = "kotaemon"
URL_KEY = "url"


class RdsDatabaseArgs(TypedDict):
    """Arguments of RdsDatabase."""

    namespace: Input[str]
    """Namespace of the application: the Secret with the URL goes there."""
    key_arn: Input[str]
    """Full ARN of the KMS key; an instance keeps its key for ever."""
    identifier: str
    """Name of the instance, unique in account and region; also the start of its final snapshot's name, which ends with
    eight random digits."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnets: Mapping[str, Input[str]]
    """Zone -> private subnet, in at least two zones."""
    client_security_groups: Mapping[str, Input[str]]
    """Security groups of the nodes. The keys are names of your own; they become part of the rules' names."""
    client_network: Input[str]
    """Network that holds the subnets, for the pods' NetworkPolicy: the address of the instance can change."""
    version: NotRequired[str]
    """Major version of PostgreSQL; default 17. Minor versions follow by themselves, in the maintenance window."""
    major_upgrade: NotRequired[bool]
    """Whether a higher `version` may upgrade a living instance, at once; default false: RDS refuses it then."""
    instance_class: NotRequired[str]
    """Default db.t4g.small: 2 vCPUs, 2 GiB. The application asks little of it."""
    size: NotRequired[int]
    """Size of the storage in GiB; default 20, the smallest."""
    max_size: NotRequired[int]
    """Size in GiB that the storage may grow to by itself; default 100."""
    multi_az: NotRequired[bool]
    """A standby in another zone; default true."""
    backup_days: NotRequired[int]
    """Days of automated backups with point-in-time recovery, 1 to 35; default 14."""
    maintenance_window: NotRequired[str]
    """Weekly window in UTC, `ddd:hh:mm-ddd:hh:mm`, 30 minutes at least (API ModifyDBInstance); default: RDS chooses one
    within the night of the region."""
    performance_insights: NotRequired[bool]
    """Whether RDS keeps what its queries wait for, encrypted with the key of the instance, for the 7 days that cost
    nothing; default false. An instance keeps this key for ever."""
    iam_authentication: NotRequired[bool]
    """Whether users of your own who were granted `rds_iam` log in with tokens of IAM; default false. The application
    logs in with a password in any case: a token is good for 15 minutes, and its URL for its whole life."""
    driver: NotRequired[PostgresDriver]
    """Where the application's psycopg2 comes from; default install."""
    application_role: NotRequired[bool]
    """Whether the application logs in as a role of its own, `kotaemon_app`, which a Job makes and which owns the
    database; default false: as the master user, who may make roles and databases."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of the Job's pod; default nothing."""
    ca_bundle: NotRequired[str]
    """Certificates in PEM that sign the server's own: pods then check the server's name and certificate
    (sslmode=verify-full). Default: the connection is encrypted and the server is not checked."""
    kept_secret: NotRequired[bool]
    """The Secret with the URL is one that was kept, and nothing else knows the password: its data is left as it is.
    Default false."""
    deletion_protection: NotRequired[bool]
    """Whether RDS itself refuses to delete the instance; default true, whatever `protect` is."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that AWS can tag."""
    protect: NotRequired[bool]
    """Refuse to delete the instance and its Secret here; default true. They are kept on deletion in any case."""


def parameters() -> list[rds.ParameterGroupParameterArgs]:
    """Connections without TLS are refused (RDS user guide, PostgreSQL.Concepts.General.SSL)."""
    return [rds.ParameterGroupParameterArgs(name="rds.force_ssl", value="1", apply_method="immediate")]


def database_url(name: str, user: str, password: str | None, host: str, *, verified: bool = False) -> str:
    """The URL as SQLAlchemy takes it. The password is URL-safe as it is generated.

    Raises pulumi.RunError when nobody knows the password: the instance was taken up by its id.

    RDS signs its certificates with a CA of its own, which the application's image does not know: the server is checked
    only where the bundle is mounted (`verified`).
    """
    if not password:
        raise pulumi.RunError(password_unknown("RdsDatabase", name, f"{name}-url"))
    return f"postgresql://{user}:{password}@{host}:{PORT}/{DATABASE}?{tls_parameters(verified=verified)}"


def check(name: str, args: RdsDatabaseArgs) -> list[str]:
    """Mistakes in the arguments of RdsDatabase(name, args); none: it can be made."""
    size, most, days = args.get("size", 20), args.get("max_size", 100), args.get("backup_days", 14)
    return [
        *reasons(rds_refused(args["identifier"], size, most, len(args["subnets"]), days)),
        *because("tags", tags_refused(args.get("tags", {}))),
        *because("application_role", _role_refused(args)),
        *because("ca_bundle", bundle_refused(args["ca_bundle"]) if "ca_bundle" in args else ""),
    ]


def _role_refused(args: RdsDatabaseArgs) -> str:
    if not (args.get("application_role", False) and args.get("kept_secret", False)):
        return ""
    return (
        "not together with a Secret that was kept: its URL stays as it is, and nothing knows the password of the "
        "master user; leave the role out, the URL logs in as whoever it says"
    )


def instance(
    args: RdsDatabaseArgs, subnet_group: Input[str], parameter_group: Input[str], group: Input[str]
) -> rds.InstanceArgs:
    """Arguments of the instance, from those of the component."""
    insights = args.get("performance_insights", False)
    return rds.InstanceArgs(
        identifier=args["identifier"],
        engine="postgres",
        engine_version=args.get("version", "17"),
        auto_minor_version_upgrade=True,
        maintenance_window=args.get("maintenance_window"),
        performance_insights_enabled=True if insights else None,
        performance_insights_kms_key_id=args["key_arn"] if insights else None,
        iam_database_authentication_enabled=True if args.get("iam_authentication", False) else None,
        # An upgrade at once, as one that waits for the window stops the database when nobody looks. Everything else
        # waits for the window, because a change of the class stops it as well.
        allow_major_version_upgrade=True if args.get("major_upgrade", False) else None,
        apply_immediately=True if args.get("major_upgrade", False) else None,
        instance_class=args.get("instance_class", "db.t4g.small"),
        storage_type="gp3",
        allocated_storage=int(args.get("size", 20)),
        max_allocated_storage=int(args.get("max_size", 100)),
        storage_encrypted=True,
        kms_key_id=args["key_arn"],
        db_name=DATABASE,
        username=USER,
        # Made once and kept in the state, encrypted: `ignore_changes` holds on to the first one. Secrets Manager would
        # change it every seven days, and the application reads it only when it starts.
        password=Output.secret(secrets.token_urlsafe(32)),
        port=PORT,
        db_subnet_group_name=subnet_group,
        parameter_group_name=parameter_group,
        vpc_security_group_ids=[group],
        publicly_accessible=False,
        multi_az=args.get("multi_az", True),
        backup_retention_period=int(args.get("backup_days", 14)),
        copy_tags_to_snapshot=True,
        delete_automated_backups=False,
        deletion_protection=args.get("deletion_protection", True),
        skip_final_snapshot=False,
        # A snapshot stays, so each instance has a name of its own for it: `ignore_changes` holds on to the first.
        final_snapshot_identifier=f"{args['identifier']}-final-{secrets.token_hex(4)}",
        tags=args.get("tags"),
    )


class RdsDatabase(pulumi.ComponentResource):
    """An instance in private subnets that only the nodes reach, only with TLS, and the Secret with its URL."""

    store: DatabaseStore
    """The database in the form that the argument `stores.database` of Kotaemon takes."""
    instance_id: Output[str]
    """Id of the instance in the cloud."""

    def __init__(self, name: str, args: RdsDatabaseArgs, opts: ResourceOptions | None = None) -> None:
        refuse("RdsDatabase", name, check(name, args))
        super().__init__("kotaemon:index:RdsDatabase", name, None, opts)
        protect = args.get("protect", True)
        # The kept instance is in these groups: AWS refuses to delete them.
        kept = ResourceOptions(parent=self, protect=protect, retain_on_delete=True)
        group = storage_group(
            name,
            "PostgreSQL of Kotaemon: from the nodes",
            args["vpc_id"],
            [Ports(PORT, PORT)],
            args["client_security_groups"],
            parent=self,
            keep=True,
            protect=protect,
            tags=args.get("tags"),
        )
        subnets = rds.SubnetGroup(
            f"{name}-subnets", subnet_ids=list(args["subnets"].values()), tags=args.get("tags"), opts=kept
        )
        # Not protected: a new major version of PostgreSQL takes a new group, and this one is then forgotten.
        settings = rds.ParameterGroup(
            f"{name}-parameters",
            family=f"postgres{args.get('version', '17').partition('.')[0]}",
            parameters=parameters(),
            tags=args.get("tags"),
            opts=ResourceOptions(parent=self, retain_on_delete=True),
        )
        made = rds.Instance(
            f"{name}-instance",
            args=instance(args, subnets.name, settings.name, group.id),
            opts=ResourceOptions(
                parent=self,
                protect=protect,
                retain_on_delete=True,
                ignore_changes=[*KEEPS_ITS_KEY, "password", "finalSnapshotIdentifier"],
                depends_on=group.rules,
            ),
        )
        verified = "ca_bundle" in args
        bundle = ca_config_map(self, name, args["namespace"], args["ca_bundle"]) if "ca_bundle" in args else None
        user, password, job = self._login(name, args, made, bundle)
        url = Output.all(user, password, made.address).apply(lambda of: database_url(name, *of, verified=verified))
        as_it_is = args.get("kept_secret", False)
        secret = k8s.core.v1.Secret(
            f"{name}-url",
            metadata=ObjectMetaArgs(name=f"{name}-url", namespace=args["namespace"]),
            type="Opaque",
            data=None if as_it_is else secret_data({URL_KEY: url}),
            opts=ResourceOptions(
                parent=self,
                protect=protect,
                retain_on_delete=True,
                ignore_changes=["data"] if as_it_is else None,
                # The URL names the role only when there is one: living pods start again and log in as it.
                depends_on=job,
            ),
        )
        self.instance_id = made.id
        self.store = DatabaseStore(
            url=SecretKey(secret_name=secret.metadata.apply(lambda metadata: metadata.name or ""), key=URL_KEY),
            endpoint=Endpoint(cidr=args["client_network"], port=PORT),
            driver=args.get("driver", PostgresDriver.INSTALL),
        )
        if bundle is not None:
            self.store["ca_config_map"] = bundle
        self.register_outputs({"secretName": secret.metadata.apply(lambda metadata: metadata.name)})

    def _login(
        self, name: str, args: RdsDatabaseArgs, made: rds.Instance, bundle: Output[str] | None
    ) -> tuple[Output[str], Output[str | None], list[pulumi.Resource]]:
        """Who the application logs in as; the password, which is None where nobody knows it; what makes the role."""
        if not args.get("application_role", False):
            return made.username, made.password, []
        known = made.password.apply(lambda given: _known(name, given))
        server = Server(made.address, PORT, DATABASE, made.username, bundle)
        password, job = make_role(
            self, name, args["namespace"], server, known, args.get("cluster_imposes", ClusterImposes())
        )
        return Output.from_input(ROLE), password.apply(lambda given: given), [job]


def _known(name: str, password: str | None) -> str:
    if not password:
        raise pulumi.RunError(password_unknown("RdsDatabase", name, f"{name}-url"))
    return password
