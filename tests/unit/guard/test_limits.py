"""Quotas and limit ranges of a namespace against the pods and claims of a stack; the rules are those of Kubernetes' docs."""

from decimal import Decimal
from typing import Any

import pytest

from guard import limits
from guard.namespace import Namespace, PodsOf, PriorityScope, Quota, Volume, quantity


def container(
    name: str = "app", cpu: str = "500m", memory: str = "2Gi", limit: str = "4Gi", **more: Any
) -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}
    return {"name": name, "resources": resources, **more}


def pods(*containers: dict[str, Any], most: int = 1, before: list[dict[str, Any]] | None = None) -> PodsOf:
    return PodsOf("the application", {"containers": list(containers) or [container()], "initContainers": before}, most)


def quota(hard: dict[str, str], *scopes: str, **used: str) -> Namespace:
    return Namespace("rag", quotas=(Quota("team", hard, used, scopes),))


def ranged(kind: str = "Container", **entry: Any) -> Namespace:
    return Namespace("rag", limits=({"type": kind, **entry},))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("4Gi", "4294967296"),
        ("1k", "1000"),
        ("1e3", "1000"),
        ("100M", "100000000"),
        ("0.5", "0.5"),
    ],
)
def test_quantities(text: str, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "4 Gi", "4GB", "four", "1.5.2"])
def test_no_quantities(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)


def test_three_pods_and_the_fourth_of_a_roll_out_need_room() -> None:
    four = [pods(most=4)]
    assert limits.refused(quota({"pods": "4", "requests.cpu": "2", "limits.memory": "16Gi"}), four, []) == []
    assert limits.refused(quota({"pods": "3", "cpu": "1500m", "limits.memory": "12Gi"}), four, []) == [
        "quota team allows 3 pods, and this stack asks for 4 at its most (a roll-out and copies included)",
        "quota team allows 1500m cpu, and this stack asks for 2 at its most (a roll-out and copies included)",
        "quota team allows 12Gi limits.memory, and this stack asks for 16Gi at its most (a roll-out and copies included)",
    ]


def test_an_init_container_counts_where_it_is_larger_and_a_sidecar_beside() -> None:
    large = container("init", memory="8Gi", limit="8Gi")
    beside = container("proxy", memory="1Gi", limit="1Gi", restartPolicy="Always")
    wide = quota({"requests.memory": "8Gi"})
    assert limits.refused(wide, [pods(before=[large, beside])], []) == []
    narrow = quota({"requests.memory": "2.5Gi"})
    assert limits.refused(narrow, [pods(before=[beside])], [])[0].startswith(
        "quota team allows 2.5Gi requests.memory, and this stack asks for 3Gi"
    )


def test_a_quota_on_a_limit_that_no_container_has_refuses_the_pod() -> None:
    space = quota({"limits.cpu": "8"})
    (line,) = limits.refused(space, [pods()], [])
    assert line == (
        "quota team is on limits.cpu, and the application says none for app: the API server refuses such a pod; set "
        "kotaemon:cpuLimit"
    )
    limited = container()
    limited["resources"]["limits"]["cpu"] = "2"
    assert limits.refused(space, [pods(limited)], []) == []
    with_default = Namespace("rag", quotas=space.quotas, limits=({"type": "Container", "default": {"cpu": "1"}},))
    assert limits.refused(with_default, [pods()], []) == []
    assert limits.refused(quota({"limits.ephemeral-storage": "8Gi"}), [pods()], []) == []


def test_a_quota_of_other_pods_is_passed_over_and_said() -> None:
    space = quota({"pods": "0", "limits.cpu": "1"}, "BestEffort")
    assert limits.refused(space, [pods()], []) == []
    assert limits.not_checked(space) == ["quota team counts only pods of the scopes BestEffort"]
    ours = quota({"pods": "0"}, "NotTerminating")
    assert (len(limits.refused(ours, [pods()], [])), limits.not_checked(ours)) == (1, [])


def test_what_others_use_is_told_and_refuses_nothing() -> None:
    space = Namespace("rag", quotas=(Quota("team", {"requests.memory": "4Gi"}, {"requests.memory": "3Gi"}),))
    assert limits.refused(space, [pods()], []) == []
    assert limits.short(space, [pods()], []) == [
        "quota team: 3Gi of 4Gi requests.memory are used, and this stack asks for 2Gi"
    ]
    assert limits.short(quota({"requests.memory": "4Gi"}), [pods()], []) == []


def test_claims_count_by_number_size_and_class() -> None:
    files, disk = Volume("files", 200, "shared"), Volume("disk", 20)
    space = quota({"persistentvolumeclaims": "1", "requests.storage": "100Gi"})
    assert [line.partition(" at its")[0] for line in limits.refused(space, [], [files, disk])] == [
        "quota team allows 1 persistentvolumeclaims, and this stack asks for 2",
        "quota team allows 100Gi requests.storage, and this stack asks for 220Gi",
    ]
    by_class = quota({"shared.storageclass.storage.k8s.io/requests.storage": "200Gi"})
    assert limits.refused(by_class, [], [files, disk]) == []
    none = quota({"shared.storageclass.storage.k8s.io/persistentvolumeclaims": "0"})
    assert len(limits.refused(none, [], [files, disk])) == 1
    assert limits.refused(none, [], [disk]) == []


@pytest.mark.parametrize(
    ("space", "line"),
    [
        (
            ranged(max={"memory": "3Gi"}),
            "container app of the application takes 4Gi memory, and the limit range allows 3Gi",
        ),
        (
            ranged(min={"cpu": "1"}),
            "container app of the application requests 500m cpu, and the limit range wants 1 at least",
        ),
        (
            ranged(maxLimitRequestRatio={"memory": "1"}),
            "container app of the application has a limit of 4Gi memory for a request of 2Gi, and the limit range allows 1 "
            "times as much",
        ),
        (
            ranged("Pod", max={"cpu": "200m"}),
            "a pod of the application takes 500m cpu, and the limit range allows 200m",
        ),
        (
            ranged(default={"cpu": "200m"}),
            "the limit range's default limit of 200m cpu is below what container app of the application requests (500m): "
            "the API server refuses such a pod; set a limit of its own (kotaemon:cpuLimit), or request less",
        ),
        (
            ranged(max={"cpu": "200m"}, default={"cpu": "200m"}),
            "container app of the application takes 500m cpu, and the limit range allows 200m",
        ),
    ],
)
def test_a_limit_range_refuses(space: Namespace, line: str) -> None:
    assert limits.refused(space, [pods()], []) == [line]


@pytest.mark.parametrize(
    "space",
    [
        ranged(max={"memory": "4Gi", "cpu": "1"}, min={"cpu": "500m"}, maxLimitRequestRatio={"memory": "2"}),
        ranged(default={"cpu": "1"}, defaultRequest={"cpu": "100m"}),
        ranged("Pod", max={"memory": "4Gi"}),
        ranged("openshift.io/Image", max={"storage": "1Gi"}),
    ],
)
def test_a_limit_range_that_fits(space: Namespace) -> None:
    assert limits.refused(space, [pods()], []) == []


def test_a_limit_range_of_claims() -> None:
    space = ranged("PersistentVolumeClaim", min={"storage": "10Gi"}, max={"storage": "100Gi"})
    assert limits.refused(space, [], [Volume("files", 200), Volume("disk", 20), Volume("small", 5)]) == [
        "claim files is 200Gi, and the limit range allows 100Gi",
        "claim small is 5Gi, and the limit range wants 10Gi at least",
    ]


@pytest.mark.parametrize(
    ("scope", "classed", "counts"),
    [
        (PriorityScope("In", ("high", "urgent")), "high", True),
        (PriorityScope("In", ("high",)), "low", False),
        (PriorityScope("In", ("high",)), "", False),
        (PriorityScope("NotIn", ("high",)), "low", True),
        (PriorityScope("NotIn", ("high",)), "high", False),
        (PriorityScope("Exists"), "low", True),
        (PriorityScope("Exists"), "", False),
        (PriorityScope("DoesNotExist"), "", True),
        (PriorityScope("DoesNotExist"), "low", False),
    ],
)
def test_a_quota_counts_the_pods_of_its_priority_classes(scope: PriorityScope, classed: str, counts: bool) -> None:
    pod: dict[str, Any] = {"containers": [container()], **({"priorityClassName": classed} if classed else {})}
    hard = {"pods": "2", "limits.cpu": "4"}
    space = Namespace("rag", quotas=(Quota("team", hard, {"pods": "1"}, priorities=(scope,)),))
    three, two = PodsOf("the application", pod, 3), PodsOf("the application", pod, 2)
    assert bool([line for line in limits.refused(space, [three], []) if "3" in line]) == counts
    assert bool([line for line in limits.refused(space, [two], []) if "limits.cpu" in line]) == counts
    assert bool(limits.short(space, [two], [])) == counts
    assert limits.not_checked(space) == []


def test_claims_have_no_priority_class() -> None:
    hard = {"requests.storage": "1Gi"}
    space = Namespace("rag", quotas=(Quota("team", hard, priorities=(PriorityScope("Exists"),)),))
    assert limits.refused(space, [], [Volume("data", 20)]) == []


def test_what_a_quota_is_also_on_is_told() -> None:
    counted = {"pods": "9", "cpu": "9", "fast.storageclass.storage.k8s.io/requests.storage": "9Gi"}
    assert limits.not_checked(quota({**counted, "requests.nvidia.com/gpu": "1"})) == []
    assert limits.not_checked(
        quota({**counted, "count/secrets": "1", "services": "2", "limits.ephemeral-storage": "1Gi"})
    ) == ["quota team is also on count/secrets, services, limits.ephemeral-storage, which are not counted here"]
