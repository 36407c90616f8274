"""PostgreSQL on Amazon RDS: the key `database` in the section `kotaemon:aws`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from components.aws import rds_refused
from components.pod.args import Endpoint, SecretKey
from components.quantity import gib
from components.state.stores import DatabaseStore, PostgresDriver
from estimate.offers import Offer, Part, Wanted
from estimate.products.rds import RdsPostgres
from guard.namespace import PodsOf
from stacks.effects import Effects, Values, When, grows, in_place, names, pods, refused, words
from stacks.kinds.base import Buys, Identity, Watched
from stacks.manifests import manifest
from stacks.names import NAMESPACE
from stacks.platforms.aws import ids
from stacks.settings.existing import OBJECT, URL, Existing, Id
from stacks.settings.fields import DatabaseCidr, Size, accept, matching
from stacks.settings.files import in_project, unreadable
from stacks.settings.pod_rules import imposed
from stacks.stores.base import MadeStore, Store, StoreContext

if TYPE_CHECKING:
    from components.state.rds import RdsDatabaseArgs


MajorVersion = Annotated[str, matching(r"[0-9]{2}", "must be a major version, in quotes, for example '17'")]


_NO_TOKENS = (
    "iamAuthentication 'application' is not allowed; only others: a token is good for 15 minutes and is asked for at "
    "each connection, also by RDS Proxy, and the application has one URL with one password for its whole life "
    "(docs/decisions/0044-tokens-of-iam-are-for-others.md); applicationRole: true gives it a role of its own"
)


class RdsSettings(Existing):
    """PostgreSQL on Amazon RDS that the stack makes, for the profile scaled."""

    identifier: str = Field(description="Identifier of the instance, unique in the account and region.")
    network: DatabaseCidr = Field(
        description="Network of the VPC, which contains the subnets of the database; the pods may connect to it."
    )
    version: MajorVersion = Field("17", description="Major version of PostgreSQL, in quotes.")
    major_upgrade_from: MajorVersion | None = Field(
        None,
        description="Major version that runs, in quotes, to allow its upgrade to `version`; see "
        "docs/runbooks/database-version.md. Default: a change of `version` is refused.",
    )
    instance_class: Annotated[
        str, matching(r"db\.[a-z0-9]+\.[a-z0-9]+", "must be an instance class of RDS, for example db.t4g.small")
    ] = Field("db.t4g.small", description="Instance class of RDS.")
    size: Size = Field("20Gi", description="Size of the disk in Gi; it can only grow.")
    max_size: Size = Field("100Gi", description="Largest size in Gi to which RDS may grow the disk by itself.")
    multi_az: bool = Field(True, description="Whether there is a standby in another zone.")
    backup_days: int = Field(14, description="Days for which backups with point-in-time recovery are kept, 1 to 35.")
    maintenance_window: (
        Annotated[
            str,
            matching(
                r"(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-"
                r"(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]",
                "must be a weekly window in UTC, for example sun:02:00-sun:03:00",
            ),
        ]
        | None
    ) = Field(
        None,
        description="Weekly window in UTC, for example sun:02:00-sun:03:00, in which RDS installs minor versions and "
        "changes the instance class; default: RDS chooses one at night.",
    )
    performance_insights: bool = Field(
        False,
        description="Whether RDS keeps for 7 days, without a price, what queries wait for; it is shown by the standard "
        "mode of CloudWatch Database Insights.",
    )
    iam_authentication: Literal["others", "application"] | None = Field(
        None,
        description="Who logs in to the database with tokens of IAM. others: users of your own who were granted "
        "rds_iam; the application keeps its password. application is refused, with the reason. Default: nobody.",
        json_schema_extra={"anyOf": [{"enum": ["others"]}, {"type": "null"}]},  # editors offer only what is accepted
    )
    application_role: bool = Field(
        False,
        description="Whether the application logs in as a role of its own, which a Job makes and which owns the "
        "database. Default: as the master user of RDS.",
    )
    ca_bundle: str | None = Field(
        None,
        min_length=1,
        description="Path of a file with the certificates that sign the server's own, from the folder of Pulumi.yaml; "
        "pods then check the server (sslmode=verify-full). Default: TLS without that check (docs/stores.md).",
    )
    driver: Literal["install", "image"] = Field(
        "install",
        description="How pods get psycopg2. install: an init container installs it; image: the application's image "
        "has it.",
    )

    deletion_protection: bool = Field(
        True,
        description="Whether RDS refuses to delete the instance; taking the stack down does not change it, because the "
        "instance is kept. false, and `up`, before you delete the instance yourself.",
    )

    @model_validator(mode="after")
    def _limits(self) -> "RdsSettings":
        if self.iam_authentication == "application":
            raise ValueError(_NO_TOKENS)
        if self.ca_bundle is not None and (reason := unreadable(self.ca_bundle)):
            raise ValueError(f"caBundle: {reason}")
        # Two zones are assumed here: short_of_zones checks the zones of the stack.
        accept(rds_refused(self.identifier, gib(self.size, "size"), gib(self.max_size, "maxSize"), 2, self.backup_days))
        if self.major_upgrade_from is not None and self.major_upgrade_from > self.version:
            raise ValueError(
                f"majorUpgradeFrom is {self.major_upgrade_from!r}, and version {self.version!r} is lower: RDS never "
                "goes back; restore a snapshot into another instance"
            )
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The instance with its groups, and the Secret with its URL."""
        return {
            "instance": ids.DATABASE,
            "subnets": ids.NAMED,
            "parameters": ids.NAMED,
            **ids.network("from"),
            URL: OBJECT,
        }

    @property
    def held_id(self) -> str:
        """The id of the resource. An identifier is no id: RDS can give it to another instance later."""
        return super().held_id if self.existing.get("instance", "").startswith("db-") else ""

    def short_of_zones(self, zones: int) -> str:
        """Why this number of zones with subnets is too small. Empty when it is enough."""
        return rds_refused(self.identifier, gib(self.size, "size"), gib(self.max_size, "maxSize"), zones, 1)


_UPSTREAM = "terraform-provider-aws: internal/service/rds/instance.go"


def _is_asked_for(before: Values, after: Values) -> bool:
    return after.get("majorUpgradeFrom") == before["version"] and int(after["version"]) > int(before["version"])


_ASKED = When("`majorUpgradeFrom` names the version that runs, and the new one is higher", _is_asked_for)


class RdsStore(Store[RdsSettings]):
    """PostgreSQL on RDS that the stack makes."""

    settings = RdsSettings
    made = True
    effects: ClassVar[Effects] = {
        "identifier": names("RDS: another identifier is another instance"),
        "network": in_place("components/kotaemon/network.py: a NetworkPolicy"),
        "version": refused(
            "RDS user guide, USER_UpgradeDBInstance.PostgreSQL",
            "an upgrade stops the database and cannot be taken back: follow docs/runbooks/database-version.md and "
            "write majorUpgradeFrom with the version that runs",
            (_ASKED, in_place(f"{_UPSTREAM}, engine_version with allow_major_version_upgrade", "the database stops")),
        ),
        "major_upgrade_from": words("it allows one change of version"),
        "instance_class": in_place(f"{_UPSTREAM}, instance_class", "in the maintenance window, with a failover"),
        "size": grows(f"{_UPSTREAM}, allocated_storage; RDS ModifyDBInstance"),
        "max_size": in_place(f"{_UPSTREAM}, max_allocated_storage"),
        "multi_az": in_place(f"{_UPSTREAM}, multi_az"),
        "deletion_protection": in_place(f"{_UPSTREAM}, deletion_protection", "false lets the instance be deleted"),
        "backup_days": in_place(f"{_UPSTREAM}, backup_retention_period"),
        "maintenance_window": in_place(f"{_UPSTREAM}, maintenance_window"),
        "performance_insights": in_place(f"{_UPSTREAM}, performance_insights_enabled"),
        "iam_authentication": in_place(
            f"{_UPSTREAM}, iam_database_authentication_enabled", "in the maintenance window, without a stop"
        ),
        "driver": pods(),
        "ca_bundle": pods(),
        "application_role": pods(),
    }

    def planned(self, at: StoreContext[RdsSettings]) -> DatabaseStore:
        """The endpoint of the future instance, and the name of the Secret in which the component writes the URL."""
        planned = DatabaseStore(
            url=SecretKey(secret_name=f"{at.component}-url", key="url"),
            endpoint=Endpoint(cidr=at.chosen.network, port=5432),
            driver=PostgresDriver(at.chosen.driver),
        )
        if at.chosen.ca_bundle is not None:
            from components.state.certificates import ca_name

            planned["ca_config_map"] = ca_name(at.component, in_project(at.chosen.ca_bundle).read_text())
        return planned

    def pods(self, at: StoreContext[RdsSettings]) -> list[PodsOf]:
        """The pod that makes the application's role, where it has one."""
        if not at.chosen.application_role:
            return []
        from components.state.application_role import planned_pod

        spec = planned_pod(5432, NAMESPACE, imposed(at.settings, "database"))
        return [PodsOf("the Job that makes the application's role in the database", manifest(spec))]

    def check(self, at: StoreContext[RdsSettings]) -> list[str]:
        """What the component of the database would refuse."""
        from components.state.rds import check

        return check(at.component, _args(at))

    def identity(self, at: StoreContext[RdsSettings]) -> Identity:
        """The identifier of RDS is the identity: another identifier is another instance."""
        from stacks.platforms.aws.settings import AwsSettings

        return {"identifier": at.chosen.identifier, "region": at.settings.section(AwsSettings).region}

    def products(self, at: StoreContext[RdsSettings]) -> list[Buys]:
        """One instance with its disk, and with a standby if there is one."""
        chosen = at.chosen
        return [
            Buys(
                f"{at.component}-instance",
                RdsPostgres(chosen.instance_class, gib(chosen.size, "size"), chosen.multi_az),
            )
        ]

    def watched(self, chosen: RdsSettings) -> Watched:
        """What is free on its disk, and its burst credits. CloudWatch knows it by its identifier."""
        return Watched("rds", chosen.size, chosen.identifier)

    def make(self, at: StoreContext[RdsSettings]) -> MadeStore:
        """Register the instance with its network and its Secret.

        The store that is returned contains what has to be waited for.
        """
        from components.state.rds import RdsDatabase

        made = RdsDatabase(at.component, _args(at), at.cloud)
        return MadeStore(made.store, id=made.instance_id)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """Offers with a standby and without one."""
        for multi_az in (True, False):
            said = {"identifier": NAMESPACE, "network": "10.0.0.0/16", **({} if multi_az else {"multiAz": False})}
            product = RdsPostgres("db.t4g.small", 20, multi_az=multi_az)
            yield Offer(Part.DATABASE, (product,), section={"database": said})


def _args(at: StoreContext[RdsSettings]) -> "RdsDatabaseArgs":
    from components.state.rds import RdsDatabaseArgs
    from stacks.platforms.aws.settings import AwsSettings, tags

    chosen = at.chosen
    args = RdsDatabaseArgs(
        namespace=at.namespace,
        key_arn=at.key,
        identifier=chosen.identifier,
        vpc_id=at.place.vpc,
        subnets=at.place.subnets,
        client_security_groups=at.place.groups,
        client_network=chosen.network,
        version=chosen.version,
        major_upgrade=chosen.major_upgrade_from is not None,
        instance_class=chosen.instance_class,
        size=gib(chosen.size, "size"),
        max_size=gib(chosen.max_size, "maxSize"),
        multi_az=chosen.multi_az,
        backup_days=chosen.backup_days,
        performance_insights=chosen.performance_insights,
        iam_authentication=chosen.iam_authentication == "others",
        driver=PostgresDriver(chosen.driver),
        kept_secret=URL in chosen.existing,
        deletion_protection=chosen.deletion_protection,
        tags=tags(at.settings.section(AwsSettings)),
        protect=at.settings.protect,
    )
    if chosen.application_role:
        args["application_role"] = True
        args["cluster_imposes"] = imposed(at.settings, "database")
    if chosen.ca_bundle is not None:
        args["ca_bundle"] = in_project(chosen.ca_bundle).read_text()
    if chosen.maintenance_window is not None:
        args["maintenance_window"] = chosen.maintenance_window
    return args


STORE = RdsStore()
