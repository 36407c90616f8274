"""Store kind `cloudnative-pg`: PostgreSQL that the operator CloudNativePG runs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from components.contract import AccessMode
from components.pod.args import Endpoint, SecretKey
from components.quantity import gib
from components.state.cloudnative_pg import CNPG_IMAGE, ArchiveArgs, CloudNativePostgres, CloudNativePostgresArgs, check
from components.state.stores import DatabaseStore, PostgresDriver
from estimate.product import Unknown
from guard.namespace import PodsOf, Volume
from stacks.classes import OnClass
from stacks.effects import Effects, in_place, pods, refused
from stacks.kinds.base import Buys, Identity
from stacks.settings.existing import OBJECT, Id
from stacks.settings.fields import DnsLabel, ObjectName, PinnedImage, Strict, matching
from stacks.settings.pod_rules import imposed
from stacks.settings.stores import DRIVER_HELP, Driver, OnDisks, Schedule
from stacks.stores import on_disks
from stacks.stores.base import MadeStore, ServerOnClass, Store, StoreContext
from stacks.stores.images import EARLIER_MAJOR
from stacks.stores.servers import CLIENTS

RECOVER = "recover a backup of that version into another cluster (docs/stores.md)"
BucketPath = Annotated[
    str, matching(r"s3://[^/\s]+(/\S*)?", "must be the URL of a bucket, for example s3://backups/kotaemon")
]
EndpointUrl = Annotated[str, matching(r"https?://\S+", "must be a URL, for example https://minio.example.com:9000")]


class ArchiveSettings(Strict):
    """Backups and the write-ahead log in a bucket, written by the operator's Barman Cloud plugin."""

    destination: BucketPath = Field(description="Bucket and folder, as s3://bucket/folder; for this database alone.")
    endpoint_url: EndpointUrl | None = Field(None, description="URL of an S3-compatible service; default: S3 of AWS.")
    credentials_secret: ObjectName | None = Field(
        None,
        description="Secret with ACCESS_KEY_ID and ACCESS_SECRET_KEY; default: the IAM role of the service account.",
    )
    schedule: Schedule = Field("15 2 * * *", description="Cron schedule of the base backups, in UTC.")
    retention_days: int = Field(30, ge=1, description="Days back to which the database can be restored.")


class OperatorDatabase(OnDisks):
    """PostgreSQL by CloudNativePG: several instances in several zones, with failover and an archive.

    The operator must exist.
    """

    kind: Literal["cloudnative-pg"]
    instances: int = Field(
        3, ge=1, le=9, description="Number of PostgreSQL instances; the scheduler spreads them over zones."
    )
    image: PinnedImage = Field(CNPG_IMAGE, description="Image of PostgreSQL made for the operator.")
    operator_namespace: DnsLabel = Field("cnpg-system", description="Namespace of the operator.")
    archive: ArchiveSettings | None = Field(None, description="Backups in a bucket; default: no backup at all.")
    driver: Driver = Field("install", description=DRIVER_HELP)

    @property
    def parts(self) -> Mapping[str, Id]:
        """What the operator works on, who may reach it, and with an archive where and when it is written."""
        return {"cluster": OBJECT, "archive": OBJECT, "backups": OBJECT, "policy": OBJECT}


class OperatorStore(Store[OperatorDatabase]):
    """Kind cloudnative-pg: PostgreSQL that the operator runs."""

    settings = OperatorDatabase
    made = True
    fixed = True
    effects: ClassVar[Effects] = {
        **on_disks.DISKS,
        "instances": in_place("CloudNativePG, Cluster spec.instances"),
        "image": in_place(
            "CloudNativePG, postgres_upgrades",
            "minor versions roll; a major version stops the cluster while pg_upgrade runs: make a backup first",
            (EARLIER_MAJOR, refused("CloudNativePG: cluster_webhook.go, validateImageChange (v1.27.0)", RECOVER)),
        ),
        "operator_namespace": in_place("components/state/cloudnative_pg.py: a NetworkPolicy"),
        "archive": in_place("CloudNativePG, plugin Barman Cloud", "backups at the old place stay there"),
        "driver": pods(),
    }

    def planned(self, at: StoreContext[OperatorDatabase]) -> DatabaseStore:
        """The Service of the future cluster, and the name of the Secret in which the operator writes the URL."""
        return DatabaseStore(
            url=SecretKey(secret_name=f"{at.component}-app", key="uri"),
            endpoint=Endpoint(pod_labels={}, port=5432),
            driver=PostgresDriver(at.chosen.driver),
        )

    def check(self, at: StoreContext[OperatorDatabase]) -> list[str]:
        """What the component of the database would refuse."""
        return check(at.component, operator_args(at))

    def identity(self, at: StoreContext[OperatorDatabase]) -> Identity:
        """The StorageClass is part of the identity, because disks of another class are other disks."""
        return {"class": at.chosen.storage_class, "cluster": f"{at.settings.namespace}/{at.component}"}

    def on_class(self, chosen: OperatorDatabase) -> ServerOnClass:
        """The class of its disks."""
        return on_disks.postgres_on(OnClass(chosen.storage_class, AccessMode.RWO))

    def products(self, at: StoreContext[OperatorDatabase]) -> list[Buys]:
        """A product without a known price: the operator makes the disks."""
        reason = "a custom resource: what its operator makes is not known"
        return [Buys(f"{at.component}-cluster", Unknown(reason))]

    def pods(self, at: StoreContext[OperatorDatabase]) -> list[PodsOf]:
        """The instances, as far as the stack file says what they ask for; the rest is the operator's own."""
        chosen = at.chosen
        requests = {"cpu": chosen.cpu_request, "memory": chosen.memory_request}
        limits = {"memory": chosen.memory_limit}
        if at.settings.cpu_limit is not None:
            limits["cpu"] = at.settings.cpu_limit
        pod = {"containers": [{"name": "postgres", "resources": {"requests": requests, "limits": limits}}]}
        return [PodsOf(on_disks.key(at.name), pod, chosen.instances, operated=True)]

    def volumes(self, at: StoreContext[OperatorDatabase]) -> list[Volume]:
        """One disk for each instance."""
        size, instances = gib(at.chosen.size, "size"), range(1, at.chosen.instances + 1)
        return [Volume(f"{at.component}-{number}", size, at.chosen.storage_class) for number in instances]

    def make(self, at: StoreContext[OperatorDatabase]) -> MadeStore:
        """Register the operator's custom resources."""
        made = CloudNativePostgres(at.component, operator_args(at), at.kubernetes)
        return MadeStore(made.store, [made])

    def warnings(self, name: str, chosen: OperatorDatabase) -> Iterator[str]:
        """Warnings about disks that nothing is known to encrypt, and about a missing archive."""
        yield from on_disks.warnings(chosen)
        if chosen.archive is None:
            yield ".archive: missing, so nothing copies the database; add archive"


def operator_args(at: StoreContext[OperatorDatabase]) -> CloudNativePostgresArgs:
    """The arguments of the component for the cluster."""
    chosen = at.chosen
    args = CloudNativePostgresArgs(
        namespace=at.namespace,
        storage_class=chosen.storage_class,
        clients=CLIENTS,
        size=chosen.size,
        instances=chosen.instances,
        image=chosen.image,
        resources=on_disks.resources(chosen),
        operator_namespace=chosen.operator_namespace,
        driver=PostgresDriver(chosen.driver),
        protect=at.settings.protect,
        cluster_imposes=imposed(at.settings, "database"),
    )
    archive = chosen.archive
    if archive is None:
        return args
    args["archive"] = ArchiveArgs(
        destination=archive.destination, schedule=archive.schedule, retention_days=archive.retention_days
    )
    if archive.endpoint_url is not None:
        args["archive"]["endpoint_url"] = archive.endpoint_url
    if archive.credentials_secret is not None:
        args["archive"]["credentials_secret"] = archive.credentials_secret
    return args


STORE = OperatorStore()
