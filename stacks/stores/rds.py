"""PostgreSQL on Amazon RDS: key `database` of the section `kotaemon:aws`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from components.aws import rds_refused
from components.pod.args import Endpoint, SecretKey
from components.quantity import gib
from components.state.stores import DatabaseStore, PostgresDriver
from estimate.offers import Offer, Part, Wanted
from estimate.products.rds import RdsPostgres
from stacks.kinds.base import Buys, Identity
from stacks.names import NAMESPACE
from stacks.settings.fields import Cidr, Size, Strict, accept, matching
from stacks.stores.base import MadeStore, Store, StoreContext

if TYPE_CHECKING:
    from components.state.rds import RdsDatabaseArgs


class RdsSettings(Strict):
    """PostgreSQL on RDS, made by the stack, for the scaled profile."""

    identifier: str = Field(description="Name of the instance, unique in account and region.")
    network: Cidr = Field(description="Network that holds its subnets, the VPC's: the pods may connect to it.")
    version: Annotated[str, matching(r"[0-9]{2}", "must be a major version, in quotes, for example '17'")] = Field(
        "17", description="Major version of PostgreSQL."
    )
    instance_class: Annotated[str, matching(r"db\.[a-z0-9]+\.[a-z0-9]+", "must be for example db.t4g.small")] = Field(
        "db.t4g.small", description="Class of the instance."
    )
    size: Size = Field("20Gi", description="Size of its disk; it can only grow.")
    max_size: Size = Field("100Gi", description="Size that its disk may grow to by itself.")
    multi_az: bool = Field(True, description="A standby in another zone.")
    backup_days: int = Field(14, description="Days of backups with point-in-time recovery, 1 to 35.")
    driver: Literal["install", "image"] = Field("install", description="Where psycopg2 comes from.")

    @model_validator(mode="after")
    def _limits(self) -> "RdsSettings":
        # The zones are checked with those of the stack.
        accept(rds_refused(self.identifier, gib(self.size, "size"), gib(self.max_size, "maxSize"), 2, self.backup_days))
        return self

    def short_of_zones(self, zones: int) -> str:
        """Why so many zones with subnets are too few; empty where they are enough."""
        return rds_refused(self.identifier, gib(self.size, "size"), gib(self.max_size, "maxSize"), zones, 1)


class RdsStore(Store[RdsSettings]):
    """PostgreSQL on RDS that the stack makes."""

    settings = RdsSettings

    def planned(self, at: StoreContext[RdsSettings]) -> DatabaseStore:
        """Where it will be; the component makes the Secret with the URL."""
        return DatabaseStore(
            url=SecretKey(secret_name=f"{at.component}-url", key="url"),
            endpoint=Endpoint(cidr=at.chosen.network, port=5432),
            driver=PostgresDriver(at.chosen.driver),
        )

    def check(self, at: StoreContext[RdsSettings]) -> list[str]:
        """Its component's own check."""
        from components.state.rds import check

        return check(at.component, _args(at))

    def identity(self, at: StoreContext[RdsSettings]) -> Identity:
        """Another identifier is another instance."""
        return {"identifier": at.chosen.identifier}

    def products(self, at: StoreContext[RdsSettings]) -> list[Buys]:
        """One instance with its disk."""
        chosen = at.chosen
        return [
            Buys(
                f"{at.component}-instance",
                RdsPostgres(chosen.instance_class, gib(chosen.size, "size"), chosen.multi_az),
            )
        ]

    def make(self, at: StoreContext[RdsSettings]) -> MadeStore:
        """The instance with its network and its Secret. The application's store carries what has to be waited for."""
        from components.state.rds import RdsDatabase

        return MadeStore(RdsDatabase(at.component, _args(at), at.cloud).store)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """With a standby and without."""
        for multi_az in (True, False):
            said = {"identifier": NAMESPACE, "network": "10.0.0.0/16", **({} if multi_az else {"multiAz": False})}
            product = RdsPostgres("db.t4g.small", 20, multi_az=multi_az)
            yield Offer(Part.DATABASE, (product,), section={"database": said})


def _args(at: StoreContext[RdsSettings]) -> "RdsDatabaseArgs":
    from components.state.rds import RdsDatabaseArgs
    from stacks.platforms.aws.settings import AwsSettings, tags

    chosen = at.chosen
    return RdsDatabaseArgs(
        namespace=at.namespace,
        key_arn=at.key,
        identifier=chosen.identifier,
        vpc_id=at.place.vpc,
        subnets=at.place.subnets,
        client_security_groups=at.place.groups,
        client_network=chosen.network,
        version=chosen.version,
        instance_class=chosen.instance_class,
        size=gib(chosen.size, "size"),
        max_size=gib(chosen.max_size, "maxSize"),
        multi_az=chosen.multi_az,
        backup_days=chosen.backup_days,
        driver=PostgresDriver(chosen.driver),
        tags=tags(at.settings.section(AwsSettings)),
        protect=at.settings.protect,
    )


STORE = RdsStore()
