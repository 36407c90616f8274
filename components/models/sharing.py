"""Models from a claim that one pod mounts: a leader hands them out, and the nodes pull each release."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, Input, Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import EnvVarArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..contract import Medium, RoleMount
from ..pod import imposed
from ..pod.addresses import opening, place
from ..pod.args import ClusterImposes, Endpoint, SecretKey
from ..pod.files import content_hash, runtime_files
from ..pod.folders import SCRIPT
from ..pod.names import GID, IMAGE, UID
from ..pod.network import network_policy
from ..pod.recreate import ONE_POD
from ..pod.secret import secret_data
from ..pod.variables import plain, secret_variable
from ..refusal import because, refuse, refused_label
from . import cache as caches
from .args import ModelCache, ModelCacheKind
from .files import follower_files, leader_files
from .follower import daemon_set_spec
from .leader import START_MINUTES, WEB_CONFIG, WEB_IMAGE, deployment_spec, service_spec, web_config
from .names import LEADER_CA, LEADER_PORT, NATS_CA, TRUST_DIR, follower_labels, leader_labels
from .pod import trust_volume

CREDENTIALS = ("LEADER_USER", "LEADER_PASSWORD", "FOLLOWER_USER", "FOLLOWER_PASSWORD")
STREAM = "kotaemon-models"
_TIMEOUTS = CustomTimeouts(create=f"{START_MINUTES}m", update=f"{START_MINUTES}m")
_NOT_WAITED_FOR = {"pulumi.com/skipAwait": "true"}
"""Annotation of the Service: the Deployment is waited for, and Pulumi gives a Service ten minutes only."""


class NatsServer(TypedDict):
    """A server of NATS with JetStream, over which releases are announced. docs/models.md says how its chart runs it."""

    url: str
    """tls://host:port. Without TLS nothing is announced."""
    credentials: NotRequired[Mapping[str, Input[str]]]
    """LEADER_USER, LEADER_PASSWORD, FOLLOWER_USER, FOLLOWER_PASSWORD -> value. Goes into two Secrets."""
    credentials_secret: NotRequired[Input[str]]
    """Name of an existing Secret with these keys, in place of `credentials`."""
    ca_secret: NotRequired[Input[str]]
    """Secret with `ca.crt`, which signs the server's certificate; default: that of the leader."""
    stream: NotRequired[str]
    """Name of the stream, and first part of its subjects; default kotaemon-models."""
    replicas: NotRequired[int]
    """Servers of the NATS cluster that keep the stream; default 1."""
    server: NotRequired[Endpoint]
    """Where the server is, for the NetworkPolicy. Default: read from the URL, for a Service or an IP address."""


class ModelSharingArgs(TypedDict):
    """Arguments of ModelSharing."""

    namespace: Input[str]
    """Namespace of the application."""
    models: RoleMount
    """Where the role `models` is: a disk, which only the leader mounts, and the Job of a release beside it."""
    cache: ModelCache
    """The cache that the application's pods fill (Models.cache). With the kind local nodes follow announcements."""
    clients: Mapping[str, str]
    """Labels of the application's pods, which may pull from the leader."""
    tls_secret: Input[str]
    """Secret with `tls.crt`, `tls.key` and `ca.crt` for the name <name>.<namespace>.svc, as cert-manager makes it."""
    nats: NotRequired[NatsServer]
    """Where releases are announced; for a cache of kind local. Default: nodes pull when a pod starts."""
    node_label: NotRequired[str]
    """Only nodes with this label have the cache's folder; default: every node."""
    web_image: NotRequired[Input[str]]
    """Image of the leader's web server; default: a pinned version of docker.io/nginxinc/nginx-unprivileged."""
    image: NotRequired[Input[str]]
    """Image with the application's Python; default: the application's."""
    uid: NotRequired[int]
    """User of the pods and owner of the versions; default 1001."""
    gid: NotRequired[int]
    """Group of the pods; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod. Default: nothing."""


def check(name: str, args: ModelSharingArgs) -> list[str]:
    """Mistakes in the arguments of ModelSharing(name, args); none: it can be made."""
    kind = caches.kind_of(args["cache"])
    return [
        *because("name", refused_label(name)),
        *because("models", _refused_medium(args["models"])),
        *because(
            "cache", "" if kind != ModelCacheKind.IMAGE else "an image is pulled by the kubelet; nothing is shared"
        ),
        *(f"nats.{line}" for line in (_of_nats(args["nats"], kind) if "nats" in args else [])),
        *(f"cluster_imposes.{line}" for line in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def _refused_medium(role: RoleMount) -> str:
    claim = role["claim"]
    if claim["medium"] == Medium.OBJECT:
        return f"the claim {claim['name']} is object storage, which renames no folder; a release needs a disk"
    return ""


def _of_nats(nats: NatsServer, kind: ModelCacheKind) -> list[str]:
    where = place(nats["url"])
    given = set(nats.get("credentials", {}))
    names = ", ".join(CREDENTIALS)
    reasons: list[str] = []
    if kind != ModelCacheKind.LOCAL:
        reasons.append(
            f"url: a cache of kind {kind.value} goes with its pod, so nobody follows announcements; leave nats out, or "
            "use the kind local"
        )
    if where is None or not nats["url"].startswith("tls://"):
        reasons.append(f"url: {nats['url']!r} is not allowed; it must be tls://host:port")
    elif where.forbidden:
        reasons.append(f"url: {nats['url']!r} is a link-local address, which gives the credentials of the node")
    elif not _servers(nats):
        reasons.append(f"server: missing; a network policy knows no names: give the network of {where.host}")
    if ("credentials_secret" in nats) == bool(given):
        reasons.append(f"credentials: give either them, or credentials_secret; the keys are {names}")
    elif given and given != set(CREDENTIALS):
        reasons.append(f"credentials: {', '.join(sorted(given))} is not allowed; the keys are {names}")
    if int(nats.get("replicas", 1)) not in (1, 3, 5):
        reasons.append(
            f"replicas: {nats.get('replicas')} is not allowed; JetStream keeps a stream on 1, 3 or 5 servers"
        )
    return [*reasons, *because("stream", refused_label(nats.get("stream", STREAM)))]


def _servers(nats: NatsServer) -> list[Endpoint]:
    if "server" in nats:
        return [nats["server"]]
    where = place(nats["url"])
    opened = opening(where) if where is not None else None
    return [opened] if opened is not None else []


def leader_spec(
    name: str, args: ModelSharingArgs, runtime: Input[str] = "", secret: Input[str] = ""
) -> DeploymentSpecArgs:
    """The leader's Deployment. `runtime`: name of the ConfigMap with its files. `secret`: with its user of NATS."""
    nats = args.get("nats")
    return deployment_spec(
        name,
        args["models"],
        runtime=runtime,
        tls_secret=args["tls_secret"],
        images=(args.get("web_image", WEB_IMAGE), args.get("image", IMAGE)),
        ids=_ids(args),
        announcer=_connection(nats, "LEADER", secret) if nats is not None else [],
        trust=trust_volume({NATS_CA: _nats_ca(args, nats)}) if nats is not None else None,
        imposed=args.get("cluster_imposes", ClusterImposes()),
    )


def _ids(args: ModelSharingArgs) -> tuple[int, int]:
    return int(args.get("uid", UID)), int(args.get("gid", GID))


def _nats_ca(args: ModelSharingArgs, nats: NatsServer) -> Input[str]:
    return nats.get("ca_secret", args["tls_secret"])


def _connection(nats: NatsServer, who: str, secret: Input[str]) -> list[EnvVarArgs]:
    """Variables with the connection to NATS of the leader or of a follower."""
    told: dict[str, Input[str]] = {
        "KS_NATS_URL": nats["url"],
        "KS_NATS_CA": f"{TRUST_DIR}/{NATS_CA}",
        "KS_NATS_STREAM": nats.get("stream", STREAM),
        "KS_NATS_REPLICAS": str(int(nats.get("replicas", 1))),
    }
    keys = [(f"KS_NATS_{part}", SecretKey(secret_name=secret, key=f"{who}_{part}")) for part in ("USER", "PASSWORD")]
    return [*plain(told), *(secret_variable(variable, key) for variable, key in keys)]


class ModelSharing(pulumi.ComponentResource):
    """One pod with the claim of the role `models`, from which others pull the versions that they are told of.

    Give `depends_on` what makes the claim. Raises pulumi.RunError with all mistakes of the arguments before anything is
    registered.
    """

    service: Output[str]
    """Name of the Service, port 8443."""

    def __init__(self, name: str, args: ModelSharingArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ModelSharing", name, check(name, args))
        super().__init__("kotaemon:index:ModelSharing", name, None, opts)
        self._name, self._args, self._namespace = name, args, args["namespace"]
        child = ResourceOptions(parent=self)
        nats = args.get("nats")
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._meta(name, leader_labels(name), _NOT_WAITED_FOR),
            spec=service_spec(name),
            opts=child,
        )
        self._lead(nats)
        if nats is not None:
            self._follow(nats)
        self.service = _name(service)
        self.register_outputs({"service": self.service})

    def _lead(self, nats: NatsServer | None) -> None:
        name, args = self._name, self._args
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=self._meta(name, leader_labels(name)),
            spec=network_policy(
                leader_labels(name),
                clients=[
                    Endpoint(pod_labels=labels, port=LEADER_PORT)
                    for labels in (args["clients"], *([follower_labels(name)] if nats is not None else []))
                ],
                servers=_servers(nats) if nats is not None else [],
                dns=nats is not None,
            ),
            opts=ResourceOptions(parent=self),
        )
        files = {WEB_CONFIG: web_config(), **runtime_files(SCRIPT), **(leader_files() if nats is not None else {})}
        runtime = self._files("runtime", leader_labels(name), files)
        secret = self._secret(nats, "LEADER") if nats is not None else ""
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=self._meta(name, leader_labels(name), ONE_POD),
            spec=leader_spec(name, args, runtime, secret),
            opts=ResourceOptions(parent=self, depends_on=[policy], custom_timeouts=_TIMEOUTS),
        )

    def _follow(self, nats: NatsServer) -> None:
        name, args = f"{self._name}-nodes", self._args
        labels = follower_labels(self._name)
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=self._meta(name, labels),
            spec=network_policy(
                labels,
                clients=[],
                servers=[Endpoint(pod_labels=leader_labels(self._name), port=LEADER_PORT), *_servers(nats)],
                dns=True,
            ),
            opts=ResourceOptions(parent=self),
        )
        spec = daemon_set_spec(
            self._name,
            args["cache"],
            namespace=self._namespace,
            runtime=self._files("nodes-runtime", labels, follower_files()),
            image=args.get("image", IMAGE),
            ids=_ids(args),
            env=_connection(nats, "FOLLOWER", self._secret(nats, "FOLLOWER")),
            trust=trust_volume({LEADER_CA: args["tls_secret"], NATS_CA: _nats_ca(args, nats)}),
            node_label=args.get("node_label"),
            imposed=args.get("cluster_imposes", ClusterImposes()),
        )
        k8s.apps.v1.DaemonSet(
            name,
            metadata=self._meta(name, labels),
            spec=spec,
            opts=ResourceOptions(parent=self, depends_on=[policy], custom_timeouts=_TIMEOUTS),
        )

    def _secret(self, nats: NatsServer, who: str) -> Input[str]:
        """Name of the Secret with the user of the leader, or of a follower: each has its own alone."""
        if "credentials_secret" in nats:
            return nats["credentials_secret"]
        values = {name: value for name, value in nats.get("credentials", {}).items() if name.startswith(who)}
        name = f"{self._name}-{who.lower()}"
        secret = k8s.core.v1.Secret(
            name,
            metadata=self._meta(name, leader_labels(self._name)),
            type="Opaque",
            data=secret_data(values),
            opts=ResourceOptions(parent=self),
        )
        return _name(secret)

    def _files(self, what: str, labels: Mapping[str, str], files: Mapping[str, str]) -> Output[str]:
        made = k8s.core.v1.ConfigMap(
            f"{self._name}-{what}",
            metadata=self._meta(f"{self._name}-{what}-{content_hash(files)}", labels),
            data=dict(files),
            immutable=True,
            opts=ResourceOptions(parent=self),
        )
        return _name(made)

    def _meta(
        self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str] | None = None
    ) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace=self._namespace, labels=dict(labels), annotations=annotations)


def _name(made: k8s.core.v1.ConfigMap | k8s.core.v1.Secret | k8s.core.v1.Service) -> Output[str]:
    return made.metadata.apply(lambda metadata: metadata.name or "")
