"""The stores of a stack file as the application takes them, made or only named."""

from collections.abc import Mapping
from typing import NamedTuple

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pydantic import SecretStr

from components.contract import AccessMode, Claim
from components.kotaemon.names import labels
from components.pod.args import Endpoint, SecretKey
from components.pod.secret import secret_data
from components.state.backup import BackupArgs
from components.state.bundled import StoreResources
from components.state.cloudnative_pg import ArchiveArgs, CloudNativePostgres, CloudNativePostgresArgs
from components.state.postgres import BundledPostgres, BundledPostgresArgs
from components.state.qdrant import BundledQdrant, BundledQdrantArgs
from components.state.stores import (
    DatabaseStore,
    DocumentStore,
    DocumentStoreKind,
    PostgresDriver,
    Stores,
    VectorStore,
    VectorStoreKind,
)
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs
from stacks.names import NAMESPACE, claim_name
from stacks.settings import Settings
from stacks.stores import (
    KEYS,
    Bundled,
    BundledDatabase,
    BundledVectors,
    ElasticsearchServer,
    ExternalDatabase,
    FileBackup,
    FromSecret,
    OnDisks,
    OperatorDatabase,
    QdrantServer,
    StoreEndpoint,
    StoreSettings,
    backup_claim,
    backup_folder,
    disk_name,
)

CLIENTS = labels(NAMESPACE)
"""The application's pods, by their labels."""


class Place(NamedTuple):
    """Where the stores are made."""

    settings: Settings
    namespace: Output[str]
    claims: Mapping[str, Claim]
    """The claims of the stack file by their name there: the copies go to one of them."""
    opts: ResourceOptions
    """Provider of the cluster."""


class MadeStores(NamedTuple):
    """What the application gets, and what it waits for."""

    stores: Stores
    resources: list[pulumi.Resource]


def document_store(settings: Settings) -> str:
    """For the guard: lancedb or elasticsearch."""
    chosen = settings.stores.document_store if settings.stores else None
    return chosen.kind if chosen else DocumentStoreKind.LANCEDB.value


def backup_folders(settings: Settings, claim: str) -> list[str]:
    """Folders for copies on a claim of the stack file: where its root belongs to root, a Job makes them."""
    media = {name: chosen.medium for name, chosen in settings.storage.claims.items()}
    stores = settings.stores.bundled if settings.stores else {}
    backed_up = {name: store.backup for name, store in stores.items() if store.backup is not None}
    return [backup_folder(name) for name, backup in backed_up.items() if backup_claim(backup, media) == claim]


def make(place: Place, *, database: DatabaseStore | None = None, vectors: VectorStore | None = None) -> MadeStores:
    """Every store of the stack file. `database` and `vectors`: made by the platform's own section."""
    chosen = place.settings.stores or StoreSettings.model_validate({})
    made: list[pulumi.Resource] = []
    stores = Stores(
        database=database or _database(place, chosen, made),
        vector_store=vectors or _vectors(place, chosen, made),
    )
    documents = chosen.document_store
    if isinstance(documents, ElasticsearchServer):
        stores["document_store"] = DocumentStore(
            kind=DocumentStoreKind.ELASTICSEARCH,
            url=documents.url,
            user=documents.user,
            password=_secret_key(place, "documents", "password", documents, documents.password),
            endpoint=endpoint(documents.endpoint),
        )
    return MadeStores(stores, made)


def _database(place: Place, chosen: StoreSettings, made: list[pulumi.Resource]) -> DatabaseStore:
    name = claim_name("database")
    match chosen.database:
        case ExternalDatabase() as store:
            return DatabaseStore(
                url=_secret_key(place, "database", "url", store, store.url),
                endpoint=endpoint(store.endpoint),
                driver=PostgresDriver(store.driver),
            )
        case BundledDatabase() as store:
            disk = _disk(place, "database", store)
            args = BundledPostgresArgs(
                namespace=place.namespace,
                claim=disk.claim,
                clients=CLIENTS,
                image=store.image,
                resources=_resources(store),
                driver=PostgresDriver(store.driver),
                protect=place.settings.protect,
            )
            if store.backup is not None:
                args["backup"] = _backup(place, "database", store.backup)
            bundled = BundledPostgres(name, args, _after(place, disk))
            made += [disk, bundled]
            return bundled.store
        case OperatorDatabase() as store:
            operated = CloudNativePostgres(name, operator_args(place, store), place.opts)
            made.append(operated)
            return operated.store
        case None:
            raise pulumi.RunError("kotaemon:stores.database: missing; the profile scaled needs it")


def _vectors(place: Place, chosen: StoreSettings, made: list[pulumi.Resource]) -> VectorStore:
    store = chosen.vector_store
    if store is None:
        raise pulumi.RunError("kotaemon:stores.vectorStore: missing; the profile scaled needs it")
    if not isinstance(store, BundledVectors):
        return VectorStore(
            kind=VectorStoreKind.QDRANT if isinstance(store, QdrantServer) else VectorStoreKind.MILVUS,
            url=store.url,
            api_key=_secret_key(place, "vectors", "api-key", store, store.api_key),
            endpoint=endpoint(store.endpoint),
        )
    disk = _disk(place, "vectors", store)
    args = BundledQdrantArgs(
        namespace=place.namespace,
        claim=disk.claim,
        clients=CLIENTS,
        image=store.image,
        resources=_resources(store),
        backup_image=place.settings.image,
        protect=place.settings.protect,
    )
    if store.backup is not None:
        args["backup"] = _backup(place, "vectors", store.backup)
    bundled = BundledQdrant(claim_name("vectors"), args, _after(place, disk))
    made += [disk, bundled]
    return bundled.store


def operator_args(place: Place, store: OperatorDatabase) -> CloudNativePostgresArgs:
    """Arguments of a cluster that CloudNativePG runs."""
    _tell_unknown_encryption("database", store)
    args = CloudNativePostgresArgs(
        namespace=place.namespace,
        storage_class=store.storage_class,
        clients=CLIENTS,
        size=store.size,
        instances=store.instances,
        image=store.image,
        resources=_resources(store),
        operator_namespace=store.operator_namespace,
        driver=PostgresDriver(store.driver),
        protect=place.settings.protect,
    )
    archive = store.archive
    if archive is None:
        pulumi.log.warn("kotaemon:stores.database.archive: there is none, so nothing copies the database")
        return args
    args["archive"] = ArchiveArgs(
        destination=archive.destination, schedule=archive.schedule, retention_days=archive.retention_days
    )
    if archive.endpoint_url is not None:
        args["archive"]["endpoint_url"] = archive.endpoint_url
    if archive.credentials_secret is not None:
        args["archive"]["credentials_secret"] = archive.credentials_secret
    return args


def endpoint(chosen: StoreEndpoint) -> Endpoint:
    """Where a store is, as the component takes it."""
    if chosen.cidr is not None:
        return Endpoint(cidr=chosen.cidr, port=chosen.port)
    found = Endpoint(namespace=chosen.namespace or "", port=chosen.port)
    if chosen.pod_labels is not None:
        found["pod_labels"] = chosen.pod_labels
    return found


def _secret_key(place: Place, store: str, key: str, chosen: FromSecret, given: SecretStr | None) -> SecretKey:
    """The existing Secret, or one with the value of the stack file."""
    if given is None:
        return SecretKey(secret_name=chosen.secret_name or "", key=chosen.secret_key or "")
    name = claim_name(f"{store}-{key}")
    secret = k8s.core.v1.Secret(
        name,
        metadata=ObjectMetaArgs(name=name, namespace=place.namespace, labels=CLIENTS),
        type="Opaque",
        data=secret_data({key: Output.secret(given.get_secret_value())}),
        opts=place.opts,
    )
    return SecretKey(secret_name=secret.metadata.apply(lambda metadata: metadata.name or ""), key=key)


def _disk(place: Place, store: str, chosen: Bundled) -> ExistingClassClaim:
    _tell_unknown_encryption(KEYS[store], chosen)
    if chosen.backup is None:
        pulumi.log.warn(f"kotaemon:stores.{KEYS[store]}.backup: there is none, so nothing copies this store")
    args = ExistingClassClaimArgs(
        namespace=place.namespace,
        storage_class=chosen.storage_class,
        size=chosen.size,
        access_mode=AccessMode(chosen.access_mode),
        encrypted_by=chosen.encrypted_by,
        protect=place.settings.protect,
    )
    return ExistingClassClaim(claim_name(disk_name(store)), args, place.opts)


def _tell_unknown_encryption(key: str, chosen: OnDisks) -> None:
    if chosen.encrypted_by == "nobody known":
        pulumi.log.warn(
            f"kotaemon:stores.{key}.encryptedBy: nobody is known to encrypt the disks of class {chosen.storage_class}"
        )


def _backup(place: Place, store: str, chosen: FileBackup) -> BackupArgs:
    settings = place.settings
    media = {name: claim.medium for name, claim in settings.storage.claims.items()}
    return BackupArgs(
        claim=place.claims[backup_claim(chosen, media) or ""],
        folder=backup_folder(store),
        schedule=chosen.schedule,
        keep=chosen.keep,
        uid=settings.uid,
        gid=settings.gid,
    )


def _resources(chosen: OnDisks) -> StoreResources:
    return StoreResources(
        cpu_request=chosen.cpu_request, memory_request=chosen.memory_request, memory_limit=chosen.memory_limit
    )


def _after(place: Place, disk: ExistingClassClaim) -> ResourceOptions:
    return ResourceOptions(provider=place.opts.provider, depends_on=[disk])
