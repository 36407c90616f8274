"""What the bundled stores have in common: one pod on one disk, and who may reach it."""

from collections.abc import Mapping
from typing import TypedDict

from pulumi import Input
from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    TolerationArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)
from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgs
from typing_extensions import NotRequired

from components.contract import Claim
from components.kotaemon.pod import LOST_NODE_SECONDS

DATA_DIR = "/data"
"""Where the disk is mounted: at no path that an image declares as its own volume, which would hide the disk."""
TMP = VolumeMountArgs(name="tmp", mount_path="/tmp")  # noqa: S108 an emptyDir


class StoreResources(TypedDict):
    """Requests and limits of one store's pod."""

    cpu_request: NotRequired[Input[str]]
    """Default 250m. No CPU limit: it would only slow recovery after a crash."""
    memory_request: NotRequired[Input[str]]
    """Default 512Mi."""
    memory_limit: NotRequired[Input[str]]
    """Default 2Gi."""


def store_labels(name: str, kind: str) -> dict[str, str]:
    """Labels that select the pods of one store. `kind`: postgresql, qdrant, or one of them with -backup."""
    return {"app.kubernetes.io/name": kind, "app.kubernetes.io/instance": name}


def resources(chosen: StoreResources) -> ResourceRequirementsArgs:
    """As Kubernetes takes them."""
    return ResourceRequirementsArgs(
        requests={"cpu": chosen.get("cpu_request", "250m"), "memory": chosen.get("memory_request", "512Mi")},
        limits={"memory": chosen.get("memory_limit", "2Gi")},
    )


def pod_security(uid: int, gid: int, *, fs_group: bool) -> PodSecurityContextArgs:
    """Who the pod is. fsGroup where the volume's root may be chowned, and only when it has to be."""
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=uid,
        run_as_group=gid,
        fs_group=gid if fs_group else None,
        fs_group_change_policy="OnRootMismatch" if fs_group else None,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def stateful_set_spec(
    labels: dict[str, str],
    service: Input[str],
    container: ContainerArgs,
    claim: Claim,
    *,
    uid: int,
    volumes: list[VolumeArgs],
    account: Input[str],
) -> StatefulSetSpecArgs:
    """One pod on one disk.

    A StatefulSet, because it never starts a second pod while the first may still run, not even when its node is lost.
    The claim is no volumeClaimTemplate: the controller would make that one, so nothing could protect, grow, import or
    keep it, and a template cannot change (kubernetes/enhancements#4650).
    """
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
    return StatefulSetSpecArgs(
        replicas=1,
        service_name=service,
        selector=LabelSelectorArgs(match_labels=labels),
        template=PodTemplateSpecArgs(
            metadata=ObjectMetaArgs(labels=labels),
            spec=PodSpecArgs(
                service_account_name=account,
                automount_service_account_token=False,
                enable_service_links=False,
                security_context=pod_security(uid, uid, fs_group=claim["fs_group"]),
                termination_grace_period_seconds=120,  # to write what is in memory; it takes seconds
                tolerations=lost_node_tolerations(),
                containers=[container],
                volumes=[
                    VolumeArgs(name="data", persistent_volume_claim=source),
                    VolumeArgs(name="tmp", empty_dir=EmptyDirVolumeSourceArgs(size_limit="1Gi")),
                    *volumes,
                ],
            ),
        ),
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


def service_spec(labels: dict[str, str], port: int) -> ServiceSpecArgs:
    """The Service. With an address of its own: a name without one vanishes from DNS while the pod restarts, and
    clients remember that."""
    return ServiceSpecArgs(selector=labels, ports=[ServicePortArgs(name="store", port=port, target_port="store")])


def disruption_budget(labels: dict[str, str]) -> PodDisruptionBudgetSpecArgs:
    """A drain may evict the one pod: a budget that forbids it would block every node upgrade for ever, and the pod is
    back in its zone within a minute."""
    return PodDisruptionBudgetSpecArgs(
        max_unavailable=1,
        selector=LabelSelectorArgs(match_labels=labels),
        unhealthy_pod_eviction_policy="AlwaysAllow",
    )


def network_policy(labels: dict[str, str], port: int, clients: list[Mapping[str, str]]) -> NetworkPolicySpecArgs:
    """In from the clients' pods of this namespace, to one port; out to nowhere."""
    peers = [
        NetworkPolicyPeerArgs(pod_selector=LabelSelectorArgs(match_labels=dict(client_labels)))
        for client_labels in clients
    ]
    return NetworkPolicySpecArgs(
        pod_selector=LabelSelectorArgs(match_labels=labels),
        policy_types=["Ingress", "Egress"],
        ingress=[NetworkPolicyIngressRuleArgs(from_=peers, ports=[NetworkPolicyPortArgs(port=port, protocol="TCP")])],
        egress=[],
    )
