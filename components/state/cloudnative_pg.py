"""PostgreSQL by the operator CloudNativePG: instances over zones, failover, an archive in a bucket.

The operator (1.26 or later) is in the cluster already, and with `archive` its Barman Cloud plugin as well
(https://cloudnative-pg.io/plugin-barman-cloud/docs/installation).
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgs
from typing_extensions import NotRequired

from ..pod.args import ClusterImposes, Endpoint, SecretKey
from ..pod.imposed import mirrored, pull_secrets, tolerations, topology_spread
from ..pod.imposed import mistakes as imposed_mistakes
from ..pod.network import network_policy
from ..quantity import gib, refused_size
from ..refusal import because, refuse, refused_label
from .backup import SCHEDULE, refused_schedule
from .bundled import StoreResources
from .stores import DatabaseStore, PostgresDriver

CNPG_IMAGE = "ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie"
PORT = 5432
STATUS_PORT = 8000
OPERATOR_NAMESPACE = "cnpg-system"
CLUSTER_LABEL = "cnpg.io/cluster"
PLUGIN = "barman-cloud.cloudnative-pg.io"
DATABASE = "kotaemon"
AFFINITY_FIELDS = {
    "nodeAffinity": "nodeAffinity",
    "additionalPodAffinity": "podAffinity",
    "additionalPodAntiAffinity": "podAntiAffinity",
}
"""Field of the operator's `affinity` -> field of a pod's (https://cloudnative-pg.io/documentation/current/scheduling)."""
MAX_CONNECTIONS = "200"
"""Connections that the server takes, for the reason in components/state/postgres.py. The operator takes strings."""


class ArchiveArgs(TypedDict):
    """Backups and the write-ahead log in a bucket, by the Barman Cloud plugin."""

    destination: Input[str]
    """Bucket and folder, for example s3://backups/kotaemon; of this cluster alone."""
    endpoint_url: NotRequired[Input[str]]
    """URL of an S3-compatible service, for example https://s3.oss-cn-hangzhou.aliyuncs.com; default: that of AWS."""
    credentials_secret: NotRequired[Input[str]]
    """Secret with the keys ACCESS_KEY_ID and ACCESS_SECRET_KEY; default: the role of the service account."""
    schedule: NotRequired[str]
    """Cron line in UTC for the base backups; default 02:15 every night. The log is archived all the time."""
    retention_days: NotRequired[int]
    """Days that a restore can go back; default 30."""


class CloudNativePostgresArgs(TypedDict):
    """Arguments of CloudNativePostgres."""

    namespace: Input[str]
    """Namespace of the application."""
    storage_class: Input[str]
    """StorageClass of the instances' disks: encrypted, WaitForFirstConsumer, best with reclaim policy Retain."""
    clients: Mapping[str, str]
    """Labels of the pods that may connect: the application's (components.kotaemon.names.labels)."""
    size: NotRequired[str]
    """Size of each disk in Gi or Ti; default 20Gi."""
    instances: NotRequired[int]
    """Default 3: one in each of three zones, where there are so many."""
    image: NotRequired[Input[str]]
    """Image of the operator's own line, pinned; default ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie."""
    resources: NotRequired[StoreResources]
    """Requests and limits of one instance."""
    operator_namespace: NotRequired[Input[str]]
    """Where the operator runs; default cnpg-system. Only it and the clients reach the instances."""
    archive: NotRequired[ArchiveArgs]
    """Backups in a bucket. Default: none, and then the data is lost with the disks."""
    driver: NotRequired[PostgresDriver]
    """Where the application's psycopg2 comes from; default install."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete the cluster; default true. It is kept on deletion in any case: its disks go with it."""


def check(name: str, args: CloudNativePostgresArgs) -> list[str]:
    """Mistakes in the arguments of CloudNativePostgres(name, args); none: it can be made."""
    imposed = args.get("cluster_imposes", ClusterImposes())
    instances, archive = int(args.get("instances", 3)), args.get("archive", ArchiveArgs(destination=""))
    days = int(archive.get("retention_days", 30))
    runtime = "the operator has no field for it; leave it out here" if "runtime_class" in imposed else ""
    return [
        *(f"cluster_imposes.{mistake}" for mistake in imposed_mistakes(imposed)),
        *because("cluster_imposes.runtime_class", runtime),
        *because("name", refused_label(name)),
        *because("size", refused_size(args.get("size", "20Gi"))),
        *because("instances", "" if instances >= 1 else f"{instances} is not allowed; it must be 1 or more"),
        *because("archive.schedule", refused_schedule(archive.get("schedule", SCHEDULE))),
        *because("archive.retention_days", "" if days >= 1 else f"{days} is not allowed; it must be 1 or more"),
    ]


def cluster_spec(name: str, args: CloudNativePostgresArgs) -> dict[str, Any]:
    """`spec` of the Cluster."""
    size = gib(args.get("size", "20Gi"), "size")
    instances, chosen = int(args.get("instances", 3)), args.get("resources", StoreResources())
    postgresql: dict[str, Any] = {"parameters": {"max_connections": MAX_CONNECTIONS}}
    if instances > 1:
        # A failover loses nothing; and with every standby away the primary goes on alone, which `required` forbids.
        postgresql["synchronous"] = {"method": "any", "number": 1, "dataDurability": "preferred"}
    spec: dict[str, Any] = {
        "instances": instances,
        "imageName": args.get("image", CNPG_IMAGE),
        "bootstrap": {"initdb": {"database": DATABASE, "owner": DATABASE}},
        "storage": {"storageClass": args["storage_class"], "size": f"{size}Gi"},
        "affinity": {"topologyKey": "topology.kubernetes.io/zone", "podAntiAffinityType": "preferred"},
        "postgresql": postgresql,
        "resources": {
            "requests": {
                "cpu": chosen.get("cpu_request", "250m"),
                "memory": chosen.get("memory_request", "512Mi"),
            },
            "limits": {"memory": chosen.get("memory_limit", "2Gi")},
        },
    }
    _impose(spec, args.get("cluster_imposes", ClusterImposes()), name)
    if "archive" in args:
        parameters = {"barmanObjectName": name}
        spec["plugins"] = [{"name": PLUGIN, "isWALArchiver": True, "parameters": parameters}]
    return spec


def object_store_spec(archive: ArchiveArgs) -> dict[str, Any]:
    """`spec` of the plugin's ObjectStore."""
    credentials: dict[str, Any] = {"inheritFromIAMRole": True}
    if "credentials_secret" in archive:
        keys = {"accessKeyId": "ACCESS_KEY_ID", "secretAccessKey": "ACCESS_SECRET_KEY"}
        credentials = {field: {"name": archive["credentials_secret"], "key": key} for field, key in keys.items()}
    configuration: dict[str, Any] = {
        "destinationPath": archive["destination"],
        "s3Credentials": credentials,
        "wal": {"compression": "gzip"},
        "data": {"compression": "gzip"},
    }
    if "endpoint_url" in archive:
        configuration["endpointURL"] = archive["endpoint_url"]
    return {"retentionPolicy": f"{int(archive.get('retention_days', 30))}d", "configuration": configuration}


def scheduled_backup_spec(name: str, archive: ArchiveArgs) -> dict[str, Any]:
    """`spec` of the ScheduledBackup. The operator's cron lines begin with seconds."""
    schedule = archive.get("schedule", SCHEDULE)
    return {
        "schedule": f"0 {schedule}",
        "immediate": True,  # without a first base backup the archived log is worth nothing
        "backupOwnerReference": "none",  # the records stay when the schedule goes
        "cluster": {"name": name},
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
    }


def _impose(spec: dict[str, Any], imposed: ClusterImposes, name: str) -> None:
    """What the cluster asks of every pod: the operator makes the instances' pods, and takes it in fields of its own.

    Without the proxy: an instance talks with the API server, whose address a proxy does not know, and with its bucket
    through a sidecar of the plugin's own. Without a RuntimeClass: the operator has no field for one (see `check`).
    """
    spec["imageName"] = mirrored(spec["imageName"], imposed)
    if secrets := pull_secrets(imposed):
        spec["imagePullSecrets"] = secrets
    if imposed.get("node_selector"):
        spec["affinity"]["nodeSelector"] = dict(imposed.get("node_selector", {}))
    affinity = imposed.get("affinity", {})
    spec["affinity"] |= {theirs: affinity[ours] for theirs, ours in AFFINITY_FIELDS.items() if ours in affinity}
    if tolerated := tolerations(imposed):
        spec["affinity"]["tolerations"] = tolerated
    if rules := topology_spread(imposed, {CLUSTER_LABEL: name}):
        spec["topologySpreadConstraints"] = rules
    if "priority_class" in imposed:
        spec["priorityClassName"] = imposed["priority_class"]
    if "cpu_limit" in imposed:
        spec["resources"]["limits"]["cpu"] = imposed["cpu_limit"]
    inherited = {key: dict(imposed.get(key, {})) for key in ("labels", "annotations") if imposed.get(key)}
    if inherited:
        spec["inheritedMetadata"] = inherited


def instances_policy(name: str, clients: Mapping[str, str], operator_namespace: Input[str]) -> NetworkPolicySpecArgs:
    """The NetworkPolicy of the instances. Clients, the operator and the other instances may connect to them. They may
    connect to everybody, since they need the API server and the bucket."""
    own = {CLUSTER_LABEL: name}
    operator = {"app.kubernetes.io/name": "cloudnative-pg"}
    inside = [
        endpoint
        for port in (PORT, STATUS_PORT)
        for endpoint in (
            Endpoint(namespace=operator_namespace, pod_labels=operator, port=port),
            Endpoint(pod_labels=own, port=port),
        )
    ]
    return network_policy(own, clients=[Endpoint(pod_labels=clients, port=PORT), *inside], servers=None)


class CloudNativePostgres(pulumi.ComponentResource):
    """A Cluster of CloudNativePG with its archive and its policy.

    The operator makes the Secret `<name>-app` when the first instance is up; until then the application's pods wait
    with CreateContainerConfigError, and start by themselves.
    """

    store: DatabaseStore
    """The database in the form that the argument `stores.database` of Kotaemon takes."""

    def __init__(self, name: str, args: CloudNativePostgresArgs, opts: ResourceOptions | None = None) -> None:
        refuse("CloudNativePostgres", name, check(name, args))
        super().__init__("kotaemon:index:CloudNativePostgres", name, None, opts)
        meta, protect = ObjectMetaArgs(name=name, namespace=args["namespace"]), args.get("protect", True)
        # It stays as long as the protected Cluster, which is made after it.
        child = ResourceOptions(parent=self, retain_on_delete=not protect)
        operator = args.get("operator_namespace", OPERATOR_NAMESPACE)
        before: list[pulumi.Resource] = [
            k8s.networking.v1.NetworkPolicy(
                f"{name}-policy", metadata=meta, spec=instances_policy(name, args["clients"], operator), opts=child
            )
        ]
        if "archive" in args:
            before.append(
                k8s.apiextensions.CustomResource(
                    f"{name}-archive",
                    api_version="barmancloud.cnpg.io/v1",
                    kind="ObjectStore",
                    metadata=meta,
                    spec=object_store_spec(args["archive"]),
                    opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True),
                )
            )
        cluster = k8s.apiextensions.CustomResource(
            f"{name}-cluster",
            api_version="postgresql.cnpg.io/v1",
            kind="Cluster",
            metadata=meta,
            spec=cluster_spec(name, args),
            # The operator deletes the claims with it.
            opts=ResourceOptions(parent=self, depends_on=before, protect=protect, retain_on_delete=True),
        )
        if "archive" in args:
            k8s.apiextensions.CustomResource(
                f"{name}-backups",
                api_version="postgresql.cnpg.io/v1",
                kind="ScheduledBackup",
                metadata=meta,
                spec=scheduled_backup_spec(name, args["archive"]),
                # The kept Cluster runs on, so its backups do.
                opts=ResourceOptions(parent=self, depends_on=[cluster], protect=protect, retain_on_delete=True),
            )
        self.store = DatabaseStore(
            url=SecretKey(secret_name=f"{name}-app", key="uri"),
            endpoint=Endpoint(pod_labels={CLUSTER_LABEL: name}, port=PORT),
            driver=args.get("driver", PostgresDriver.INSTALL),
        )
        self.register_outputs({"secretName": f"{name}-app"})
