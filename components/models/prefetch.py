"""A pod on every node that copies a released version into the node's cache, before the application is rolled to it."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import (
    DaemonSetSpecArgs,
    DaemonSetUpdateStrategyArgs,
    RollingUpdateDaemonSetArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, RoleMount
from ..pod import imposed
from ..pod.args import ClusterImposes
from ..pod.files import content_hash
from ..pod.names import GID, IMAGE, RUNTIME_DIR, UID
from ..pod.network import network_policy
from ..pod.spec import Pod, pod_security, pod_template, resources, tmp_volume
from ..refusal import because, refuse, refused_label
from . import cache as caches
from .args import ModelCache, ModelCacheKind
from .files import pod_files
from .local_cache import HOSTNAME
from .names import NO_VERSION, VERSION_ANNOTATION
from .pod import IGNORED, VOLUME, fill_container, shared_mount

AT_ONCE = "25%"
"""Share of the nodes that copy at one time: all of them would ask the shared claim for everything it has."""
CLAIM = "shared"
"""Name of the volume of the role `models` in the pod."""


class ModelPrefetchArgs(TypedDict):
    """Arguments of ModelPrefetch."""

    namespace: Input[str]
    """Namespace of the application."""
    models: RoleMount
    """Where the role `models` is: a claim that many nodes mount."""
    cache: ModelCache
    """The cache, of kind local: the folder that the pods of a node share."""
    node_label: NotRequired[str]
    """Only nodes that have this label have the folder; default: every node."""
    image: NotRequired[Input[str]]
    """Image with the application's Python; default: the application's."""
    uid: NotRequired[int]
    """User of the pods; default 1001, as the application's."""
    gid: NotRequired[int]
    """Group of the pods; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of the application's pods: node labels and tolerations say which nodes it may be on.
    Default: nothing."""


def check(name: str, args: ModelPrefetchArgs) -> list[str]:
    """Mistakes in the arguments of ModelPrefetch(name, args); none: it can be made."""
    claim, kind = args["models"]["claim"], caches.kind_of(args["cache"])
    shared = claim["access_mode"] in (AccessMode.RWX, AccessMode.ROX)
    return [
        *because("name", refused_label(name)),
        *because(
            "models",
            ""
            if shared
            else f"the claim {claim['name']} is {claim['access_mode'].value}, and a pod on every node mounts it; give "
            "the role models a claim that many nodes mount",
        ),
        *because(
            "cache",
            ""
            if kind == ModelCacheKind.LOCAL
            else f"one of kind {kind.value} is not shared by the pods of a node, so nothing can be copied ahead; only "
            "kind local can",
        ),
        *(f"cache.{line}" for line in caches.mistakes(args["cache"])),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def labels(name: str) -> dict[str, str]:
    """Labels of the pods. They are no pods of the application."""
    return {"app.kubernetes.io/name": "kotaemon-prefetch", "app.kubernetes.io/instance": name}


def daemon_set_spec(name: str, args: ModelPrefetchArgs, scripts: Input[str]) -> DaemonSetSpecArgs:
    """The pods: an init container copies, as the application's own does; then nothing runs until the next version."""
    claim, image = args["models"]["claim"], args.get("image", IMAGE)
    runtime = VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True)
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"], read_only=True)
    imposes = imposed.on_nodes_with(args.get("cluster_imposes", ClusterImposes()), args.get("node_label", HOSTNAME))
    pod = Pod(
        security=pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=claim["fs_group"]),
        grace_seconds=1,
        init_containers=[
            fill_container(
                {"cache": args["cache"]}, args["namespace"], image, shared_mount(args["models"], CLAIM), runtime
            )
        ],
        containers=[
            ContainerArgs(
                name="wait", image=image, command=["sleep", "infinity"], resources=resources("1m", "8Mi", "32Mi")
            )
        ],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
            VolumeArgs(name=CLAIM, persistent_volume_claim=source),
            caches.volume(VOLUME, args["cache"]),
            tmp_volume("64Mi"),
        ],
    )
    return DaemonSetSpecArgs(
        selector=LabelSelectorArgs(match_labels=labels(name)),
        update_strategy=DaemonSetUpdateStrategyArgs(
            type="RollingUpdate", rolling_update=RollingUpdateDaemonSetArgs(max_unavailable=AT_ONCE)
        ),
        template=pod_template(labels(name), pod, imposes, {VERSION_ANNOTATION: NO_VERSION}),
    )


class ModelPrefetch(pulumi.ComponentResource):
    """Keeps the cache of every node filled with the version that was released last.

    The release (ModelReleases, argument `prefetch`) names the version and waits for the nodes; Pulumi never does. A
    node that joins later is filled when it joins.
    """

    daemon_set: Output[str]
    """Name of the DaemonSet, for the argument `prefetch` of ModelReleases."""

    def __init__(self, name: str, args: ModelPrefetchArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ModelPrefetch", name, check(name, args))
        super().__init__("kotaemon:index:ModelPrefetch", name, None, opts)
        namespace, child = args["namespace"], ResourceOptions(parent=self)
        files = pod_files(fill=True)
        scripts = k8s.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=ObjectMetaArgs(
                name=f"{name}-scripts-{content_hash(files)}", namespace=namespace, labels=labels(name)
            ),
            data=files,
            immutable=True,
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=labels(name)),
            spec=network_policy(labels(name), clients=[], servers=[]),
            opts=child,
        )
        made = k8s.apps.v1.DaemonSet(
            f"{name}-pods",
            # A node that is away must not hold up a run of Pulumi: nothing of the stack waits for these pods.
            metadata=ObjectMetaArgs(
                name=name, namespace=namespace, labels=labels(name), annotations={"pulumi.com/skipAwait": "true"}
            ),
            spec=daemon_set_spec(name, args, scripts.metadata.apply(lambda metadata: metadata.name or "")),
            opts=ResourceOptions(parent=self, ignore_changes=IGNORED),
        )
        self.daemon_set = made.metadata.apply(lambda metadata: metadata.name or "")
        self.register_outputs({"daemon_set": self.daemon_set})
