"""The rounds of the stand-in CSI controller, where a real server cannot be made to disagree on demand."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException

from components.contract import Platform
from devcluster import csi_controller
from devcluster.csi_controller import Controller
from devcluster.platforms import SHAPES

DRIVER = SHAPES[Platform.PRIVATE].block
FINALIZER = "external-attacher/dev-csi-kotaemon"


class Server:
    """Answers lists from `items` and writes down every other call."""

    def __init__(self, **items: list[dict[str, Any]]) -> None:
        self.items = items
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.fail: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **_: Any) -> Any:
            if name.startswith("list_"):
                content = self.items.get(name.removeprefix("list_").removesuffix("_for_all_namespaces"), [])
                return type("Response", (), {"data": json.dumps({"items": content})})
            self.calls.append((name, arguments))
            if name in self.fail:
                raise ApiException(status=self.fail[name], reason="asked to fail")
            return None

        return call


def controller(server: Server, real: bool = False) -> Controller:
    made = Controller(ApiClient(), DRIVER, real)
    made._core = made._storage = server  # type: ignore[assignment]
    return made


def attachment(name: str, node: str, seconds: float = 60, **fields: Any) -> dict[str, Any]:
    created = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    return {
        "metadata": {
            "name": name,
            "resourceVersion": "1",
            "creationTimestamp": created.isoformat(),
            "finalizers": [FINALIZER],
            **fields.pop("metadata", {}),
        },
        "spec": {"attacher": DRIVER.name, "nodeName": node, "source": {"persistentVolumeName": "pv"}},
        **fields,
    }


def volume(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": "pv"}, "spec": {"csi": {"driver": DRIVER.name}}, **fields}


def claim(uid: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"claim-{uid}",
            "namespace": "app",
            "uid": uid,
            "annotations": {"volume.kubernetes.io/storage-provisioner": DRIVER.name},
        },
        "spec": {
            "storageClassName": "now",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": "Pending"},
    }


IMMEDIATE = {"metadata": {"name": "now"}, "provisioner": DRIVER.name, "volumeBindingMode": "Immediate"}
NODE = {"metadata": {"name": "node-a1", "labels": {"topology.kubernetes.io/zone": "zone-a"}}}
CSI_NODE = {
    "metadata": {"name": "node-a1"},
    "spec": {"drivers": [{"name": DRIVER.name, "topologyKeys": ["topology.kubernetes.io/zone"]}]},
}


def names(server: Server) -> list[str]:
    return [name for name, _ in server.calls]


def test_with_nothing_to_do_it_waits_for_a_change() -> None:
    server = Server(persistent_volume=[volume()], volume_attachment=[attachment("a", "n", status={"attached": True})])
    assert controller(server).reconcile() is None
    assert server.calls == []


def test_a_young_attachment_is_confirmed_later() -> None:
    server = Server(persistent_volume=[volume()], volume_attachment=[attachment("a", "n", seconds=0)])
    due = controller(server).reconcile()
    assert due is not None
    assert 0 < due <= csi_controller.ATTACH_SECONDS
    assert server.calls == []


def test_an_attachment_gets_its_finalizer_before_it_is_confirmed() -> None:
    waiting = attachment("a", "n", metadata={"finalizers": ["other"]})
    server = Server(persistent_volume=[volume()], volume_attachment=[waiting])
    controller(server).reconcile()
    assert server.calls == [
        (
            "patch_volume_attachment",
            ("a", {"metadata": {"finalizers": ["other", FINALIZER], "resourceVersion": "1"}}),
        ),
        ("patch_volume_attachment_status", ("a", {"status": {"attached": True, "attachError": None}})),
    ]


def test_a_disk_is_on_one_node_at_a_time() -> None:
    held = attachment("a", "node-a1", status={"attached": True})
    server = Server(persistent_volume=[volume()], volume_attachment=[held, attachment("b", "node-a2")])
    controller(server).reconcile()
    ((name, (target, change)),) = server.calls
    assert (name, target) == ("patch_volume_attachment_status", "b")
    assert change["status"]["attached"] is False
    assert change["status"]["attachError"]["message"] == "the disk is attached to node 'node-a1'"


def test_of_two_attachments_at_once_one_is_confirmed() -> None:
    server = Server(persistent_volume=[volume()], volume_attachment=[attachment("a", "n1"), attachment("b", "n2")])
    controller(server).reconcile()
    confirmed = [arguments[1]["status"]["attached"] for _, arguments in server.calls]
    assert confirmed == [True, False]


def test_a_refusal_is_said_once() -> None:
    refused = attachment("a", "n", status={"attachError": {"message": "PersistentVolume 'pv' does not exist"}})
    server = Server(volume_attachment=[refused])
    controller(server).reconcile()
    assert server.calls == []


def test_a_deleted_attachment_loses_only_our_finalizer() -> None:
    going = attachment("a", "n", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER, "x"]})
    server = Server(persistent_volume=[volume()], volume_attachment=[going])
    controller(server).reconcile()
    assert server.calls == [
        ("patch_volume_attachment", ("a", {"metadata": {"finalizers": ["x"], "resourceVersion": "1"}}))
    ]


def test_a_disk_that_is_still_attached_is_not_deleted() -> None:
    released = volume(status={"phase": "Released"})
    released["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": DRIVER.name}
    released["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    held = attachment("a", "n", status={"attached": True})
    server = Server(persistent_volume=[released], volume_attachment=[held])
    controller(server).reconcile()
    assert server.calls == []
    server.items["volume_attachment"] = []
    controller(server).reconcile()
    assert names(server) == ["patch_persistent_volume", "delete_persistent_volume"]


def test_a_failure_with_one_object_leaves_the_others_alone_and_is_tried_again() -> None:
    server = Server(
        persistent_volume=[volume()],
        persistent_volume_claim=[claim("1"), claim("2")],
        storage_class=[IMMEDIATE],
        node=[NODE],
        csi_node=[CSI_NODE],
        volume_attachment=[attachment("a", "n")],
    )
    server.fail = {"create_persistent_volume": 500}
    assert controller(server).reconcile() == csi_controller.RETRY_SECONDS
    assert names(server) == [
        "create_persistent_volume",
        "create_persistent_volume",
        "patch_volume_attachment_status",
    ]


def test_a_volume_that_is_there_already_is_no_failure() -> None:
    server = Server(persistent_volume_claim=[claim("1")], storage_class=[IMMEDIATE], node=[NODE], csi_node=[CSI_NODE])
    server.fail = {"create_persistent_volume": 409}
    assert controller(server).reconcile() is None


def test_a_refused_claim_gets_one_event() -> None:
    server = Server(persistent_volume_claim=[claim("1")], storage_class=[IMMEDIATE])
    running = controller(server)
    running.reconcile()
    running.reconcile()
    ((name, (space, event)),) = server.calls
    assert (name, space) == ("create_namespaced_event", "app")
    assert (event["type"], event["reason"]) == ("Warning", "ProvisioningFailed")
    assert (
        event["message"] == 'failed to provision volume with StorageClass "now": no node has the driver of this class'
    )


def test_what_cannot_be_seen_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    def refuse(**_: Any) -> None:
        raise ApiException(status=503)

    monkeypatch.setattr(server, "list_persistent_volume", refuse, raising=False)
    with pytest.raises(ApiException):
        controller(server).reconcile()


def grown(**status: Any) -> dict[str, Any]:
    """A bound claim of 10 GiB that asks for 20."""
    asked = claim("1")
    asked["spec"] |= {"volumeName": "pv", "resources": {"requests": {"storage": "20Gi"}}}
    return {**asked, "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}, **status}}


def changes(server: Server, call: str) -> list[Any]:
    return [arguments[-1] for name, arguments in server.calls if name == call]


@pytest.mark.parametrize("real", [False, True])
def test_the_end_of_an_expansion_is_the_kubelets_where_there_is_one(real: bool) -> None:
    bound = volume(spec={"csi": {"driver": DRIVER.name}, "capacity": {"storage": "10Gi"}})
    server = Server(persistent_volume_claim=[grown()], persistent_volume=[bound])
    controller(server, real).reconcile()
    assert changes(server, "patch_persistent_volume") == [{"spec": {"capacity": {"storage": "20Gi"}}}]
    (change,) = changes(server, "patch_namespaced_persistent_volume_claim_status")
    if real:
        assert [condition["type"] for condition in change["status"]["conditions"]] == ["FileSystemResizePending"]
        assert "capacity" not in change["status"]
    else:
        assert change == {"status": {"capacity": {"storage": "20Gi"}, "conditions": None}}


def test_the_kubelet_is_asked_once() -> None:
    bound = volume(spec={"csi": {"driver": DRIVER.name}, "capacity": {"storage": "20Gi"}})
    asked = grown(conditions=[{"type": "FileSystemResizePending", "status": "True"}])
    server = Server(persistent_volume_claim=[asked], persistent_volume=[bound])
    controller(server, real=True).reconcile()
    assert server.calls == []
