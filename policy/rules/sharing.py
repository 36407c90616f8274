"""The rule that several pods never mount a claim which is for one pod or one node only."""

from collections.abc import Iterator, Sequence
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, whole
from policy.rule import Config, Finding, Level, Rule
from policy.workload import claims_of, pod_of

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
AUTOSCALERS = ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:autoscaling/v1:HorizontalPodAutoscaler")
WORKLOADS = {
    "kubernetes:apps/v1:Deployment": "Deployment",
    "kubernetes:apps/v1:StatefulSet": "StatefulSet",
    "kubernetes:apps/v1:ReplicaSet": "ReplicaSet",
    "kubernetes:apps/v1:DaemonSet": "DaemonSet",
}
SHARED = ("ReadWriteMany", "ReadOnlyMany")


def _replicas_access_mode(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
    claims = {_place(r): r for r in resources if r.type == CLAIM}
    scalers = [r for r in resources if r.type in AUTOSCALERS]
    for workload in resources:
        pod = pod_of(workload) if workload.type in WORKLOADS else None
        if pod is None:
            continue
        pods = _most_pods(workload, scalers)
        for name in claims_of(pod):
            claim = claims.get((_place(workload)[0], name))
            modes = [str(mode) for mode in items(at(claim.inputs, "spec", "accessModes"))] if claim else []
            if not modes or UNKNOWN in modes or any(mode in SHARED for mode in modes):
                continue
            said = f"on the claim {name}, which is {', '.join(modes)}"
            if pods > 1:
                many = "a pod on every node" if workload.type.endswith(":DaemonSet") else f"up to {pods} pods"
                yield workload, f"{many} {said}: one pod only, or a claim that is ReadWriteMany"
            elif config.get("recreate", True) and _rolls(workload):
                why = "the new pod starts while the old one still writes, or waits for ever for it to end"
                yield workload, f"rolls over {said}: {why}; the strategy must be Recreate"


def _place(resource: Resource) -> tuple[Any, Any]:
    """Namespace and name of an object. Nothing can refer to an object that has no name in the program."""
    return at(resource.inputs, "metadata", "namespace"), at(resource.inputs, "metadata", "name")


def _most_pods(workload: Resource, scalers: Sequence[Resource]) -> int:
    if workload.type.endswith(":DaemonSet"):
        return 2  # one pod for each node, so at least two
    most = [whole(at(workload.inputs, "spec", "replicas")) or 1]
    namespace, name = _place(workload)
    for scaler in scalers:
        target = at(scaler.inputs, "spec", "scaleTargetRef")
        if (_place(scaler)[0], at(target, "kind"), at(target, "name")) == (namespace, WORKLOADS[workload.type], name):
            most.append(whole(at(scaler.inputs, "spec", "maxReplicas")) or 1)
    return max(most)


def _rolls(workload: Resource) -> bool:
    if not workload.type.endswith(":Deployment"):
        return False
    strategy = at(workload.inputs, "spec", "strategy", "type")
    return strategy in (None, "RollingUpdate")


REPLICAS_ACCESS_MODE = Rule(
    name="replicas-access-mode",
    level=Level.MANDATORY,
    summary="A claim for one pod or one node is never mounted by several pods, not even during a roll-out.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
    check=_replicas_access_mode,
    whole_stack=True,
    settings={
        "recreate": {
            "type": "boolean",
            "description": "Whether a Deployment with one pod must use Recreate; default true.",
        }
    },
)
