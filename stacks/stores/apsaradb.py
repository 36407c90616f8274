"""PostgreSQL on ApsaraDB RDS: the key `database` in the section `kotaemon:alicloud`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from components.alicloud import refused_database
from components.pod.args import Endpoint, SecretKey
from components.quantity import gib
from components.state.stores import DatabaseStore, PostgresDriver
from estimate.offers import Offer, Part, Wanted
from estimate.products.apsaradb import ApsaraPostgres
from stacks.effects import Effects, grows, in_place, pods, refused
from stacks.kinds.base import Buys, Identity, Watched
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.fields import Zone, number_as_text
from stacks.settings.existing import OBJECT, URL, Existing, Id
from stacks.settings.fields import DatabaseCidr, Size, accept, matching
from stacks.settings.files import in_project, unreadable
from stacks.stores.base import MadeStore, Store, StoreContext

if TYPE_CHECKING:
    from components.state.apsaradb import ApsaraDatabaseArgs


class ApsaraSettings(Existing):
    """PostgreSQL on ApsaraDB RDS, for the profile scaled. It has two zones, your key, TLS and daily backups."""

    instance_type: str = Field(
        "pg.x4.medium.2c", description="Instance type; it must be a dedicated one, as general ones cannot use your key."
    )
    size: Size = Field("50Gi", description="Size of the ESSD disk in Gi, a multiple of 5; it can only grow.")
    max_size: Size | None = Field(
        None, description="Size in Gi to which RDS may grow the disk by itself; default: it does not grow by itself."
    )
    maintenance_window: (
        Annotated[
            str,
            matching(
                r"([01][0-9]|2[0-3]):00Z-([01][0-9]|2[0-3]):00Z",
                "must be a daily window of an hour in UTC, for example 18:00Z-19:00Z",
            ),
        ]
        | None
    ) = Field(
        None,
        description="Daily window in UTC, for example 18:00Z-19:00Z, for maintenance; default: RDS chooses one.",
    )
    version: Annotated[Literal["14.0", "15.0", "16.0", "17.0"], BeforeValidator(number_as_text)] = Field(
        "16.0", description="Version of PostgreSQL, in quotes."
    )
    zones: list[Zone] | None = Field(
        None, description="Zones of primary and standby; default: the first two of `vswitches` by name."
    )
    backup_days: int = Field(14, description="Days for which backups and logs are kept, 7 to 730.")
    network: DatabaseCidr | None = Field(
        None,
        description="Network that contains the vSwitches, for the NetworkPolicy; default: the first of clusterCidrs.",
    )
    renamed: ClassVar[Mapping[str, str]] = {"storageGib": "size: {}Gi"}
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
    def _possible(self) -> "ApsaraSettings":
        if self.ca_bundle is not None and (reason := unreadable(self.ca_bundle)):
            raise ValueError(f"caBundle: {reason}")
        most = None if self.max_size is None else gib(self.max_size, "maxSize")
        accept(refused_database(self.instance_type, gib(self.size, "size"), self.backup_days, self.zones, most))
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The instance with its account, database and backups, and the Secret with its URL."""
        return {
            "instance": ids.DATABASE,
            "account": ids.IN_DATABASE,
            "database": ids.IN_DATABASE,
            "owner": ids.IN_DATABASE,
            "backup": ids.DATABASE,
            URL: OBJECT,
        }


_UPSTREAM = "terraform-provider-alicloud v1.285.0: resource_alicloud_db_instance.go"


class ApsaraStore(Store[ApsaraSettings]):
    """PostgreSQL on ApsaraDB RDS that the stack makes."""

    settings = ApsaraSettings
    made = True
    effects: ClassVar[Effects] = {
        "instance_type": in_place(f"{_UPSTREAM}, instance_type", "with a failover"),
        "size": grows(f"{_UPSTREAM}, instance_storage; RDS ModifyDBInstanceSpec"),
        "max_size": in_place(f"{_UPSTREAM}, storage_upper_bound with storage_auto_scale"),
        "maintenance_window": in_place(f"{_UPSTREAM}, maintain_time"),
        "version": refused(
            f"{_UPSTREAM}, engine_version: changed for MySQL only; RDS UpgradeDBInstanceMajorVersion",
            "a major version of PostgreSQL is another instance: docs/runbooks/database-version.md",
        ),
        "zones": refused(f"{_UPSTREAM}, zone_id and zone_id_slave_a"),
        "deletion_protection": in_place(f"{_UPSTREAM}, deletion_protection", "false lets the instance be deleted"),
        "backup_days": in_place("terraform-provider-alicloud v1.285.0: resource_alicloud_db_backup_policy.go"),
        "network": in_place("components/kotaemon/network.py: a NetworkPolicy"),
        "driver": pods(),
        "ca_bundle": pods(),
    }

    def planned(self, at: StoreContext[ApsaraSettings]) -> DatabaseStore:
        """The endpoint of the future instance, and the name of the Secret in which the component writes the URL."""
        planned = DatabaseStore(
            url=SecretKey(secret_name=f"{at.component}-url", key="url"),
            endpoint=Endpoint(cidr=at.chosen.network or "0.0.0.0/32", port=5432),
            driver=PostgresDriver(at.chosen.driver),
        )
        if at.chosen.ca_bundle is not None:
            from components.state.certificates import ca_name

            planned["ca_config_map"] = ca_name(at.component, in_project(at.chosen.ca_bundle).read_text())
        return planned

    def check(self, at: StoreContext[ApsaraSettings]) -> list[str]:
        """What the component of the database would refuse."""
        from components.state.apsaradb import check

        return check(at.component, _args(at))

    def filled_in(self, at: StoreContext[ApsaraSettings]) -> dict[str, Any]:
        """The first two zones of the section, where none are given."""
        from stacks.platforms.alicloud.settings import AlicloudSettings

        return {"zones": at.chosen.zones or at.settings.section(AlicloudSettings).zones[:2]}

    def identity(self, at: StoreContext[ApsaraSettings]) -> Identity:
        """The instance has no name of the user's: another region is another instance."""
        from stacks.platforms.alicloud.settings import AlicloudSettings

        return {"kind": "apsaradb", "name": at.component, "region": at.settings.section(AlicloudSettings).region}

    def products(self, at: StoreContext[ApsaraSettings]) -> list[Buys]:
        """One instance: primary and standby with their disks."""
        product = ApsaraPostgres(at.chosen.instance_type, gib(at.chosen.size, "size"))
        return [Buys(f"{at.component}-instance", product)]

    def watched(self, chosen: ApsaraSettings) -> Watched:
        """How full its disk is."""
        return Watched("apsaradb", chosen.size)

    def make(self, at: StoreContext[ApsaraSettings]) -> MadeStore:
        """Register the instance with its account, its database and the Secret."""
        from components.state.apsaradb import ApsaraDatabase

        made = ApsaraDatabase(at.component, _args(at), at.cloud)
        return MadeStore(made.store, id=made.instance_id)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An offer with the smallest dedicated instance type."""
        product = ApsaraPostgres("pg.x4.medium.2c", 50)
        said = {"instanceType": product.instance_type, "size": f"{product.size_gib}Gi"}
        yield Offer(Part.DATABASE, (product,), section={"database": said})


def _args(at: StoreContext[ApsaraSettings]) -> "ApsaraDatabaseArgs":
    from components.state.apsaradb import ApsaraDatabaseArgs
    from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, tags

    chosen, section = at.chosen, at.settings.section(AlicloudSettings)
    args = ApsaraDatabaseArgs(
        namespace=at.namespace,
        cloud_name=cloud_name(),
        key_id=at.key,
        vpc_id=section.vpc_id,
        vswitches={zone: section.vswitches[zone] for zone in chosen.zones or section.zones[:2]},
        client_cidrs=section.cluster_cidrs,
        client_network=chosen.network or section.cluster_cidrs[0],
        version=chosen.version,
        instance_type=chosen.instance_type,
        storage_gib=gib(chosen.size, "size"),
        backup_days=chosen.backup_days,
        driver=PostgresDriver(chosen.driver),
        kept_secret=URL in chosen.existing,
        deletion_protection=chosen.deletion_protection,
        tags=tags(section),
        protect=at.settings.protect,
    )
    if chosen.max_size is not None:
        args["max_storage_gib"] = gib(chosen.max_size, "maxSize")
    if chosen.ca_bundle is not None:
        args["ca_bundle"] = in_project(chosen.ca_bundle).read_text()
    if chosen.maintenance_window is not None:
        args["maintenance_window"] = chosen.maintenance_window
    if section.resource_group_id is not None:
        args["resource_group_id"] = section.resource_group_id
    return args


STORE = ApsaraStore()
