"""The rules about claims for one pod or one node: never several pods on one, and never several workloads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, known, whole
from policy.rule import Config, Finding, Level, Rule
from policy.workload import TEMPLATES, claims_of, containers, object_type, pod_of, templates_of

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
AUTOSCALERS = ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:autoscaling/v1:HorizontalPodAutoscaler")
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
EVERY_NODE = "kubernetes:apps/v1:DaemonSet"
MANY = (DEPLOYMENT, "kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:ReplicaSet", EVERY_NODE)
"""Type tokens of the workloads that can have several pods at one time."""
SHARED = ("ReadWriteMany", "ReadOnlyMany")
_HOSTNAME = "kubernetes.io/hostname"
_SQLITE = ("sqlite:", "sqlite+", "sqlite3:", "jdbc:sqlite:")
"""How an address of a SQLite database begins."""


@dataclass(frozen=True)
class _Workload:
    """One workload: the object and the patches of it that are in the stack, as they act together."""

    parts: tuple[Resource, ...]

    @property
    def kind(self) -> str:
        return object_type(self.parts[0])

    @property
    def words(self) -> str:
        return f"{self.kind.rpartition(':')[2]} {at(self.parts[0].inputs, 'metadata', 'name') or self.parts[0].name}"

    @property
    def namespace(self) -> Any:
        return _place(self.parts[0])[0]

    @property
    def mounts(self) -> list[tuple[Resource, Any]]:
        """Each claim that its pods mount by name, with the object or patch that says so."""
        return [(part, name) for part in self.parts for name in claims_of(pod_of(part) or {})]

    def most_pods(self, scalers: Sequence[Resource]) -> int:
        if self.kind == EVERY_NODE:
            return 2  # one pod for each node, so at least two
        most = [whole(at(part.inputs, "spec", "replicas")) or 1 for part in self.parts]
        namespace, name = _place(self.parts[0])
        wanted = (namespace, self.kind.rpartition(":")[2], name)
        for scaler in scalers:
            target = at(scaler.inputs, "spec", "scaleTargetRef")
            if (_place(scaler)[0], at(target, "kind"), at(target, "name")) == wanted:
                most.append(whole(at(scaler.inputs, "spec", "maxReplicas")) or 1)
        return max(most)

    @property
    def rolls(self) -> bool:
        """Whether a new pod starts before the old one has ended."""
        given = [at(part.inputs, "spec", "strategy", "type") for part in self.parts]
        last = next((strategy for strategy in reversed(given) if strategy is not None), None)
        return self.kind == DEPLOYMENT and last in (None, "RollingUpdate")

    @property
    def follows(self) -> bool:
        """Whether its pods have to run on the node of another pod, so that both can mount a disk of that node."""
        return any(
            at(term, "topologyKey") == _HOSTNAME
            for part in self.parts
            for term in items(
                at(
                    pod_of(part) or {},
                    "affinity",
                    "podAffinity",
                    "requiredDuringSchedulingIgnoredDuringExecution",
                )
            )
        )


def _replicas_access_mode(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
    modes = _modes(resources)
    scalers = [r for r in resources if object_type(r) in AUTOSCALERS]
    for workload in _workloads(resources):
        if workload.kind not in MANY:
            continue
        pods = workload.most_pods(scalers)
        for part, name in workload.mounts:
            if not (one := modes.get((workload.namespace, name))):
                continue
            said = f"on the claim {name}, which is {one}"
            if pods > 1:
                many = "a pod on every node" if workload.kind == EVERY_NODE else f"up to {pods} pods"
                yield part, f"{many} {said}: one pod only, or a claim that is ReadWriteMany"
            elif config.get("recreate", True) and workload.rolls:
                why = "the new pod starts while the old one still writes, or waits for ever for it to end"
                yield part, f"rolls over {said}: {why}; the strategy must be Recreate"


def _one_workload(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
    modes = _modes(resources)
    first: dict[tuple[Any, Any], _Workload] = {}
    for workload in _workloads(resources):
        for template in (template for part in workload.parts for template in templates_of(part)):
            first.update({(workload.namespace, claim): workload for claim in template.claims})
    for workload in _workloads(resources):
        for part, name in workload.mounts:
            key = workload.namespace, name
            one, other = modes.get(key), first.setdefault(key, workload)
            if not one or other == workload or (workload.follows and one != "ReadWriteOncePod"):
                continue
            yield (
                part,
                f"mounts the claim {name}, which is {one}, beside {other.words}: on another node its pod waits for "
                "ever, on the same one both write; a claim of its own, or one that is ReadWriteMany",
            )


def _sqlite(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
    scalers = [r for r in resources if object_type(r) in AUTOSCALERS]
    for workload in _workloads(resources):
        pods = workload.most_pods(scalers) if workload.kind in MANY else 1
        if pods < 2 or not workload.mounts:  # claims of a template are one for each pod
            continue
        for part in workload.parts:
            for name, container in containers(pod_of(part) or {}):
                for variable in items(container.get("env")):
                    value = at(variable, "value")
                    if isinstance(value, str) and value.startswith(_SQLITE):
                        yield (
                            part,
                            f"container {name}: {at(variable, 'name')} names a SQLite database, and up to {pods} pods "
                            "share the claim: SQLite is for one writer; one pod, or a database server",
                        )


def _modes(resources: Sequence[Resource]) -> Mapping[tuple[Any, Any], str]:
    """Namespace and name of each claim that is for one pod or one node -> its access modes in words."""
    given: dict[tuple[Any, Any], list[str]] = {}
    for resource in resources:
        if object_type(resource) == CLAIM:
            modes = [str(mode) for mode in items(at(resource.inputs, "spec", "accessModes"))]
            given.setdefault(_place(resource), []).extend(modes)
        for template in templates_of(resource):
            modes = [str(mode) for mode in items(at(template.spec, "accessModes"))]
            given.update({(_place(resource)[0], claim): modes for claim in template.claims})
    return {
        place: ", ".join(dict.fromkeys(modes))
        for place, modes in given.items()
        if modes and UNKNOWN not in modes and not any(mode in SHARED for mode in modes)
    }


def _workloads(resources: Sequence[Resource]) -> list[_Workload]:
    """Every workload once, each with its patches, in the order of the program."""
    found: dict[Any, list[Resource]] = {}
    for resource in resources:
        if object_type(resource) in TEMPLATES:
            namespace, name = _place(resource)
            # Nothing can patch or scale an object that has no name in the program.
            key = (object_type(resource), namespace, name) if known(name) else id(resource)
            found.setdefault(key, []).append(resource)
    return [_Workload(tuple(parts)) for parts in found.values()]


def _place(resource: Resource) -> tuple[Any, Any]:
    """Namespace and name of an object. Nothing can refer to an object that has no name in the program."""
    return at(resource.inputs, "metadata", "namespace"), at(resource.inputs, "metadata", "name")


_SOURCE = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"
_BLIND = (
    "Claims that no resource of the stack makes; the object is not known then. Workloads that a Helm release or a "
    "custom resource makes. Nothing general does: the access mode is enforced when a disk is attached."
)
REPLICAS_ACCESS_MODE = Rule(
    name="replicas-access-mode",
    level=Level.MANDATORY,
    summary="A claim for one pod or one node is never mounted by several pods, not even during a roll-out.",
    blind=_BLIND,
    source=_SOURCE,
    check=_replicas_access_mode,
    whole_stack=True,
    settings={
        "recreate": {
            "type": "boolean",
            "description": "Whether a Deployment with one pod must use Recreate; default true.",
        }
    },
)
ONE_WORKLOAD = Rule(
    name="one-workload-a-claim",
    level=Level.MANDATORY,
    summary="A claim for one pod or one node is mounted by one workload, unless the other follows it to its node.",
    blind=f"{_BLIND} Whether the pod that a required pod affinity follows is the right one.",
    source=_SOURCE,
    check=_one_workload,
    whole_stack=True,
)
SQLITE_ONE_WRITER = Rule(
    name="sqlite-one-writer",
    level=Level.MANDATORY,
    summary="A SQLite database on a claim is written by one pod, also where the claim is ReadWriteMany.",
    blind="Databases that are named in files, arguments or an image; claims that are one for each pod of a "
    "StatefulSet. Workloads that a Helm release or a custom resource makes. Nothing general does.",
    source="https://sqlite.org/useovernet.html",
    check=_sqlite,
    whole_stack=True,
)
