"""What the bundled stores have in common: one pod on one disk, and who may reach it."""

from typing import TypedDict

from pulumi import Input
from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    ResourceRequirementsArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    VolumeArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgs
from typing_extensions import NotRequired

from ..contract import Claim
from ..pod import spec
from ..pod.args import ClusterImposes
from ..pod.spec import Pod, pod_security, pod_template, tmp_volume

DATA_DIR = "/data"
"""Where the disk is mounted: at no path that an image declares as its own volume, which would hide the disk."""


class StoreResources(TypedDict):
    """Requests and limits of one store's pod."""

    cpu_request: NotRequired[Input[str]]
    """Default 250m. No CPU limit: it would only slow recovery after a crash."""
    memory_request: NotRequired[Input[str]]
    """Memory that the node must have free; default 512Mi."""
    memory_limit: NotRequired[Input[str]]
    """Memory above which the pod is killed; default 2Gi."""


def store_labels(name: str, kind: str) -> dict[str, str]:
    """Labels that select the pods of one store. `kind`: postgresql, qdrant, or one of them with -backup."""
    return {"app.kubernetes.io/name": kind, "app.kubernetes.io/instance": name}


def resources(chosen: StoreResources) -> ResourceRequirementsArgs:
    """Requests and limits of the container, with the defaults filled in."""
    return spec.resources(
        chosen.get("cpu_request", "250m"), chosen.get("memory_request", "512Mi"), chosen.get("memory_limit", "2Gi")
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
    cluster_imposes: ClusterImposes | None = None,
) -> StatefulSetSpecArgs:
    """One pod on one disk.

    A StatefulSet, because it never starts a second pod while the first may still run, not even when its node is lost.
    The claim is no volumeClaimTemplate: the controller would make that one, so nothing could protect, grow, import or
    keep it, and a template cannot change (kubernetes/enhancements#4650).
    """
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
    pod = Pod(
        service_account=account,
        security=pod_security(uid, uid, fs_group=claim["fs_group"]),
        grace_seconds=120,  # to write what is in memory; it takes seconds
        leaves_lost_nodes=True,
        containers=[container],
        volumes=[VolumeArgs(name="data", persistent_volume_claim=source), tmp_volume("1Gi"), *volumes],
    )
    return StatefulSetSpecArgs(
        replicas=1,
        service_name=service,
        selector=LabelSelectorArgs(match_labels=labels),
        template=pod_template(labels, pod, cluster_imposes),
    )


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
