"""The one builder of pods: every pod that this program makes is a `Pod`, and `pod_spec` is what all have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ContainerArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    TolerationArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from .args import ClusterImposes
from .imposed import mirrored, proxy_variables, pull_secrets, tolerations, topology_spread

LOST_NODE_SECONDS = 5
"""How long a pod stays on a node that is gone. Kubernetes's default is five minutes of outage for nothing: the node
controller has waited its own grace before it taints the node."""
TMP = VolumeMountArgs(name="tmp", mount_path="/tmp")  # noqa: S108 an emptyDir
"""Mount of the volume that `tmp_volume` makes: images are read-only, and programs write to /tmp."""


@dataclass(frozen=True)
class Pod:
    """What is different from pod to pod. What all pods of this program have in common, pod_spec adds."""

    containers: Sequence[ContainerArgs]
    volumes: Sequence[VolumeArgs]
    security: PodSecurityContextArgs
    """Who the pod is: `pod_security`, or what a pod that cannot be `restricted` has instead."""
    init_containers: Sequence[ContainerArgs] = ()
    service_account: Input[str] | None = None
    """None: the default account of the namespace. No pod gets a token of its account in either case."""
    restart_policy: Literal["Never"] | None = None
    """None stands for Always, the default of Kubernetes."""
    grace_seconds: int | None = None
    """Seconds between SIGTERM and SIGKILL; None: 30, Kubernetes's default."""
    leaves_lost_nodes: bool = False
    """Whether the pod leaves a lost node after LOST_NODE_SECONDS. The pod of a Job need not: it runs again."""
    spread: Sequence[TopologySpreadConstraintArgs] | None = None
    direct_hosts: Sequence[Input[str]] = field(default_factory=list[Input[str]])
    """Hosts that the pod reaches without the cluster's proxy, where there is one."""


def pod_template(
    labels: Mapping[str, str],
    pod: Pod,
    imposed: ClusterImposes | None = None,
    annotations: Mapping[str, Input[str]] | None = None,
) -> PodTemplateSpecArgs:
    """The template of a workload's pods: `labels` select them, and the cluster's own come beside."""
    given = imposed or ClusterImposes()
    spec = pod_spec(pod, given)
    if rules := topology_spread(given, labels):
        spec.topology_spread_constraints = rules
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels={**given.get("labels", {}), **labels},
            annotations={**given.get("annotations", {}), **(annotations or {})} or None,
        ),
        spec=spec,
    )


def pod_spec(pod: Pod, imposed: ClusterImposes | None = None) -> PodSpecArgs:
    """The pod's `spec`, with what the cluster imposes; without topology spread, which needs the pod's labels.

    Containers that bring no security context of their own are as `restricted` wants them.
    """
    given = imposed or ClusterImposes()
    env = proxy_variables(given, pod.direct_hosts)
    for container in (*pod.init_containers, *pod.containers):
        container.security_context = container.security_context or container_security()
        _add(container, env)
        _limit_cpu(container, given)
        if container.image is not None:
            container.image = mirrored(cast("Input[str]", container.image), given)
    tolerated = [*(lost_node_tolerations() if pod.leaves_lost_nodes else []), *tolerations(given)]
    affinity: Any = dict(given.get("affinity", {})) or None
    return PodSpecArgs(
        restart_policy=pod.restart_policy,
        service_account_name=pod.service_account,
        automount_service_account_token=False,
        # A Service called gradio-server would set GRADIO_SERVER_PORT to tcp://... (docs/facts/kotaemon.md 7).
        enable_service_links=False,
        image_pull_secrets=pull_secrets(given),
        node_selector=dict(given.get("node_selector", {})) or None,
        affinity=affinity,
        priority_class_name=given.get("priority_class"),
        runtime_class_name=given.get("runtime_class"),
        security_context=pod.security,
        termination_grace_period_seconds=pod.grace_seconds,
        tolerations=tolerated or None,
        topology_spread_constraints=list(pod.spread) if pod.spread is not None else None,
        init_containers=list(pod.init_containers) or None,
        containers=list(pod.containers),
        volumes=list(pod.volumes),
    )


def _add(container: ContainerArgs, env: list[EnvVarArgs]) -> None:
    """Adds the variables that the container has not set itself."""
    own = cast("list[EnvVarArgs]", container.env or [])
    missing = [variable for variable in env if variable.name not in [mine.name for mine in own]]
    if missing:
        container.env = [*own, *missing]


def _limit_cpu(container: ContainerArgs, imposed: ClusterImposes) -> None:
    """Adds the cluster's CPU limit. Every container of this program brings its requests by `resources`."""
    if "cpu_limit" not in imposed:
        return
    chosen = cast("ResourceRequirementsArgs", container.resources or ResourceRequirementsArgs())
    limits = cast("dict[str, Input[str]]", chosen.limits or {})
    container.resources = ResourceRequirementsArgs(
        requests=chosen.requests, limits={"cpu": imposed["cpu_limit"], **limits}
    )


def container_security() -> SecurityContextArgs:
    """What Pod Security `restricted` asks of every container, and a read-only image."""
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=CapabilitiesArgs(drop=["ALL"]),
        read_only_root_filesystem=True,
    )


def pod_security(uid: int, gid: int, *, fs_group: bool) -> PodSecurityContextArgs:
    """Who the pod is. fsGroup where the volume's root may be chowned, and only when it has to be.

    A server that squashes refuses the chown; and not every file is looked at in every start.
    """
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=uid,
        run_as_group=gid,
        fs_group=gid if fs_group else None,
        fs_group_change_policy="OnRootMismatch" if fs_group else None,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def lost_node_tolerations() -> list[TolerationArgs]:
    """The pod leaves a lost node in seconds, not minutes. A disk of one pod still waits for the word that the node is
    off: a Node object that is deleted, or the taint out-of-service (docs/stores.md)."""
    return [
        TolerationArgs(
            key=f"node.kubernetes.io/{condition}",
            operator="Exists",
            effect="NoExecute",
            toleration_seconds=LOST_NODE_SECONDS,
        )
        for condition in ("not-ready", "unreachable")
    ]


def resources(cpu: Input[str], memory: Input[str], memory_limit: Input[str]) -> ResourceRequirementsArgs:
    """Requests and a limit of memory. Never a limit of CPU: it would only slow starts and recoveries."""
    return ResourceRequirementsArgs(requests={"cpu": cpu, "memory": memory}, limits={"memory": memory_limit})


def tmp_volume(size_limit: str) -> VolumeArgs:
    """The volume of the mount TMP. Limited: what a program writes there must not fill the node's disk."""
    return VolumeArgs(name="tmp", empty_dir=EmptyDirVolumeSourceArgs(size_limit=size_limit))
