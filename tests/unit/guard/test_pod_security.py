"""Pod Security levels and OpenShift's ranges of ids, against pods."""

from typing import Any

from guard.namespace import Namespace, PodsOf, ids
from guard.pod_security import outside_ranges, refused


def pods(security: dict[str, Any] | None = None, **pod: Any) -> PodsOf:
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    whole = {"runAsNonRoot": True, "runAsUser": 1001, "fsGroup": 1001, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "serviceAccountName": "kotaemon",
        "securityContext": {**whole, **(security or {})},
        "containers": [{"name": "app", "securityContext": own}],
        **pod,
    }
    return PodsOf("the application", spec, uid_key="kotaemon:uid")


def test_a_level_refuses_what_it_does_not_admit() -> None:
    root = pods({"runAsNonRoot": False, "runAsUser": 0})
    assert refused(Namespace("rag", level="restricted"), [pods()]) == []
    assert refused(Namespace("rag", level="restricted"), [root]) == [
        "the namespace has Pod Security level restricted, which refuses the application: app: may run as root"
    ]
    assert refused(Namespace("rag", level="baseline"), [root]) == []
    assert refused(Namespace("rag", level="baseline"), [pods(hostNetwork=True)]) != []
    assert refused(Namespace("rag", level="privileged"), [pods(hostNetwork=True)]) == []
    assert refused(Namespace("rag"), [pods(hostNetwork=True)]) == []


def test_kinds_of_volumes() -> None:
    restricted = Namespace("rag", level="restricted")
    assert refused(restricted, [pods(volumes=[{"name": "models", "image": {"reference": "r.example.com/m:1"}}])]) == []
    (line,) = refused(restricted, [pods(volumes=[{"name": "host", "hostPath": {"path": "/srv"}}])])
    assert "host: kind of volume" in line


def test_ranges_of_ids() -> None:
    found = ids("1000680000/10000")
    assert found is not None
    assert (1000680000 in found, 1000689999 in found, 1000690000 in found, 1001 in found) == (True, True, False, False)
    assert ids("5-9") == ids("5/5")
    assert ids("") is None


def test_ids_outside_of_the_range_of_an_openshift_namespace() -> None:
    space = Namespace("rag", uids="1000680000/10000", groups="1000680000/10000")
    (line,) = outside_ranges(space, [pods()])
    assert line == (
        "OpenShift's restricted-v2 refuses the application: user 1001 is outside of 1000680000/10000 and fsGroup 1001 is "
        "outside of 1000680000/10000. What admits it: kotaemon:uid of the range, before there is data, or `oc adm policy "
        "add-scc-to-user nonroot-v2 -z kotaemon -n rag`. Whether that was granted is not asked"
    )
    assert list(outside_ranges(space, [pods({"runAsUser": 1000680001, "fsGroup": 1000680001})])) == []
    assert list(outside_ranges(Namespace("rag"), [pods()])) == []
