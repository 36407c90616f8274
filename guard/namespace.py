"""What a namespace admits: its quotas, limit ranges, Pod Security level and ranges of ids, as plain values. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Manifest = Mapping[str, Any]
LEVEL_LABEL = "pod-security.kubernetes.io/enforce"
"""https://kubernetes.io/docs/concepts/security/pod-security-admission/"""
UID_ANNOTATION = "openshift.io/sa.scc.uid-range"
GROUP_ANNOTATION = "openshift.io/sa.scc.supplemental-groups"
"""https://docs.redhat.com/en/documentation/openshift_container_platform/4.20/html/authentication_and_authorization/managing-pod-security-policies:
`<first>/<number of ids>`; without groups of its own a namespace uses the range of the user ids."""


@dataclass(frozen=True)
class PriorityScope:
    """Which pods of a quota count, by their PriorityClass
    (https://kubernetes.io/docs/concepts/policy/resource-quotas/#resource-quota-per-priorityclass)."""

    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    values: tuple[str, ...] = ()

    def counts(self, name: str) -> bool:
        """Whether pods of the PriorityClass `name` count; empty: they name none."""
        match self.operator:
            case "In":
                return name in self.values
            case "NotIn":
                return name not in self.values
            case "Exists":
                return bool(name)
            case _:
                return not name


@dataclass(frozen=True)
class Quota:
    """One ResourceQuota."""

    name: str
    hard: Mapping[str, str]
    """Resource, as `requests.cpu` or `pods` -> the most of it in the namespace."""
    used: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is used of it now; empty: not known."""
    scopes: tuple[str, ...] = ()
    """Which pods count. Empty: all."""
    priorities: tuple[PriorityScope, ...] = ()
    """Which pods count by their PriorityClass, each of these. Empty: all."""


@dataclass(frozen=True)
class Namespace:
    """What is known of one namespace that is there."""

    name: str
    level: str = ""
    """Pod Security level that the API server enforces; empty: none by label."""
    quotas: tuple[Quota, ...] = ()
    limits: tuple[Manifest, ...] = ()
    """Entries of `spec.limits` of its LimitRanges."""
    uids: str = ""
    """OpenShift's range of user ids; empty: it has none."""
    groups: str = ""
    """OpenShift's range of group ids; empty: it has none."""
    ending: bool = False
    """Whether it is being deleted: then nothing can be made in it."""
    mesh: str = ""
    """The service mesh that puts its proxy into every pod of it; empty: none is known to."""


@dataclass(frozen=True)
class PodsOf:
    """The pods of one workload that the stack makes."""

    words: str
    """The workload, for messages: `the application`, `stores.database`."""
    pod: Manifest
    """`spec` of one pod, as the API server gets it."""
    most: int = 1
    """The largest number at one time, in a roll-out too."""
    operated: bool = False
    """Whether an operator makes the pods: then only what they ask for is known, and nothing of their security."""
    uid_key: str = ""
    """Keys of the stack file that set its ids, for messages; empty: the image decides them."""


@dataclass(frozen=True)
class Volume:
    """One PersistentVolumeClaim that the stack makes."""

    name: str
    gib: int
    storage_class: str = ""
    """Empty: the volume is static, or the class is one of the stack's own."""


@dataclass(frozen=True)
class Ids:
    """A range of ids, `1000680000/10000`."""

    first: int
    count: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.first + self.count


def ids(text: str) -> Ids | None:
    """The first range in a text: `1000680000/10000` or `1000680000-1000689999`. None: it is no range."""
    found = re.match(r"\s*(\d+)([/-])(\d+)", text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[3])
    return Ids(first, second if found[2] == "/" else second - first + 1)


_UNITS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** (power + 1) for power, unit in enumerate("kMGTPE")},
    **{f"{unit}i": Decimal(1024) ** (power + 1) for power, unit in enumerate("KMGTPE")},
}


def quantity(text: object) -> Decimal:
    """A quantity of Kubernetes as a number: `500m` is 0.5, `2Gi` is 2147483648. Raises ValueError.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = re.fullmatch(r"([+-]?\d*\.?\d+)(?:([eE][+-]?\d+)|([numkMGTPE]?|[KMGTPE]i))", str(text).strip())
    if found is None:
        raise ValueError(f"{text!r} is no quantity; write it like 500m, 2 or 4Gi")
    return Decimal(found[1] + (found[2] or "")) * _UNITS[found[3] or ""]


def container_lists(pod: Manifest) -> tuple[Sequence[Manifest], Sequence[Manifest]]:
    """Containers that run at one time (sidecars among them), and init containers that run before, one by one."""
    starting = pod.get("initContainers") or ()
    beside = [container for container in starting if container.get("restartPolicy") == "Always"]
    before = [container for container in starting if container.get("restartPolicy") != "Always"]
    return [*(pod.get("containers") or ()), *beside], before
