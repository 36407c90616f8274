"""What external-provisioner, -attacher and -resizer do with a platform's disk driver, in one loop.

It keeps no state: each round compares what is there with what should be and does what is missing, so it may end at any
point and start again. Volumes are made in the zone that the scheduler chose; attachments of the real attach-detach
controller are confirmed, and ended when it deletes them. What differs where the nodes are simulated: kwok reports a pod
Running without waiting for its attachments, and no node reports a volume in use, so detaching never waits for an
unmount.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoreV1Api, StorageV1Api

from devcluster import volumes
from devcluster.platforms import BlockDriver
from devcluster.volumes import Object, RefusedError, Topology

ATTACH_SECONDS = 1.0
"""Age at which an attachment is confirmed, so that `kubectl` can see it pending. A real disk takes 2 to 20 s."""

RETRY_SECONDS = 1.0
"""Pause before another try of what failed."""

_PENDING = "FileSystemResizePending"
"""Condition of a claim by which external-resizer asks the kubelet to grow the file system."""
_MERGE = "application/merge-patch+json"
_log = logging.getLogger("csi")


class Controller:
    """The controller of one driver."""

    def __init__(self, api: ApiClient, driver: BlockDriver, real: bool = False) -> None:
        """`real`: whether kubelets mount the disks, so that the end of an expansion is theirs."""
        self._real = real
        self._core = CoreV1Api(api)
        self._storage = StorageV1Api(api)
        self._driver = driver
        self._attacher_finalizer = "external-attacher/" + driver.name.replace(".", "-")
        self._said: dict[str, str] = {}
        self._due: float | None = None

    def reconcile(self) -> float | None:
        """One round. Returns the seconds after which another is due, or None: at the next change.

        Raises ApiException only where it cannot see what is there; a failure with one object leaves the others alone.
        """
        self._due = None
        claims = _items(self._core.list_persistent_volume_claim_for_all_namespaces)
        all_volumes = {item["metadata"]["name"]: item for item in _items(self._core.list_persistent_volume)}
        ours = {name: item for name, item in all_volumes.items() if self._is_ours(item)}
        attachments = [a for a in _items(self._storage.list_volume_attachment) if self._attaches(a)]
        self._provision(claims, all_volumes)
        for claim in claims:
            if bound := ours.get(claim["spec"].get("volumeName", "")):
                self._attempt(claim, lambda claim=claim, bound=bound: self._expand(claim, bound))
        for attachment in attachments:
            self._attempt(attachment, lambda one=attachment: self._attach(one, attachments, ours))
        attached = {_volume_name(attachment) for attachment in attachments}
        for name, bound in ours.items():
            if name not in attached and volumes.is_to_delete(bound, self._driver):
                self._attempt(bound, lambda bound=bound: self._delete(bound))
        return self._due

    def _attempt(self, item: Object, step: Callable[[], None]) -> None:
        try:
            step()
        except ApiException as error:
            # Most are conflicts with another writer: the next round sees the newer object.
            _log.warning("%s: %s %s %s", item["metadata"]["name"], error.status, error.reason, error.body)
            self._again_in(RETRY_SECONDS)

    def _again_in(self, seconds: float) -> None:
        self._due = seconds if self._due is None else min(self._due, seconds)

    def _provision(self, claims: list[Object], existing: dict[str, Object]) -> None:
        waiting = [claim for claim in claims if f"pvc-{claim['metadata']['uid']}" not in existing]
        waiting = [claim for claim in waiting if claim["spec"].get("storageClassName")]
        if not waiting:
            return
        classes = {item["metadata"]["name"]: item for item in _items(self._storage.list_storage_class)}
        nodes: dict[str, Topology] | None = None
        for claim in waiting:
            storage_class = classes.get(claim["spec"]["storageClassName"])
            if storage_class is None or not volumes.is_asked_for(claim, storage_class, self._driver):
                continue
            nodes = self._topologies() if nodes is None else nodes
            self._attempt(claim, lambda c=claim, s=storage_class, n=nodes: self._provision_one(c, s, n))

    def _provision_one(self, claim: Object, storage_class: Object, nodes: dict[str, Topology]) -> None:
        try:
            topology = volumes.place(claim, storage_class, nodes)
        except RefusedError as error:
            text = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {error}'
            self._event(claim, "Warning", "ProvisioningFailed", text)
            return
        made: Any = volumes.volume(claim, storage_class, topology, self._driver)
        _unless(409, lambda: self._core.create_persistent_volume(made))
        text = f"Successfully provisioned volume {made['metadata']['name']}"
        self._event(claim, "Normal", "ProvisioningSucceeded", text)

    def _expand(self, claim: Object, bound: Object) -> None:
        wanted = volumes.growth(claim, bound)
        if wanted is None:
            return
        size, volume_too = wanted
        if volume_too:
            change: Object = {"spec": {"capacity": {"storage": size}}}
            self._core.patch_persistent_volume(bound["metadata"]["name"], change, _content_type=_MERGE)
        if self._real:
            self._leave_to_kubelet(claim)
            return
        self._core.patch_namespaced_persistent_volume_claim_status(
            claim["metadata"]["name"],
            claim["metadata"]["namespace"],
            {"status": {"capacity": {"storage": size}, "conditions": None}},
            _content_type=_MERGE,
        )
        self._event(claim, "Normal", "VolumeResizeSuccessful", f"Resize volume succeeded: {size}")

    def _leave_to_kubelet(self, claim: Object) -> None:
        """The disk is larger; the kubelet makes the file system larger, and then the claim's status."""
        known = claim.get("status", {}).get("conditions") or []
        if any(condition["type"] == _PENDING for condition in known):
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {"type": _PENDING, "status": "True", "lastTransitionTime": now}
        self._core.patch_namespaced_persistent_volume_claim_status(
            claim["metadata"]["name"],
            claim["metadata"]["namespace"],
            {"status": {"conditions": [*known, condition]}},
            _content_type=_MERGE,
        )

    def _attach(self, attachment: Object, attachments: list[Object], ours: dict[str, Object]) -> None:
        """Confirm or end one attachment; a disk is on one node at a time, whoever asks."""
        metadata, volume = attachment["metadata"], _volume_name(attachment)
        if metadata.get("deletionTimestamp"):
            self._end_attachment(attachment)
            return
        if attachment.get("status", {}).get("attached"):
            return
        if self._attacher_finalizer not in metadata.get("finalizers", []):
            self._set_finalizers(attachment, [*metadata.get("finalizers", []), self._attacher_finalizer])
        age = _age(metadata["creationTimestamp"])
        holder = _other_node(attachment, attachments)
        if age < ATTACH_SECONDS:
            self._again_in(ATTACH_SECONDS - age)
        elif volume not in ours:
            self._refuse_attachment(attachment, f"PersistentVolume {volume!r} does not exist")
        elif holder:
            self._refuse_attachment(attachment, f"the disk is attached to node {holder!r}")
        else:
            _log.info("attach %s to %s", volume, attachment["spec"]["nodeName"])
            status = {"status": {"attached": True, "attachError": None}}
            self._storage.patch_volume_attachment_status(metadata["name"], status, _content_type=_MERGE)
            attachment["status"] = {"attached": True}

    def _end_attachment(self, attachment: Object) -> None:
        _log.info("detach %s from %s", _volume_name(attachment), attachment["spec"]["nodeName"])
        kept = [f for f in attachment["metadata"].get("finalizers", []) if f != self._attacher_finalizer]
        self._set_finalizers(attachment, kept)

    def _refuse_attachment(self, attachment: Object, reason: str) -> None:
        if attachment.get("status", {}).get("attachError", {}).get("message") == reason:
            return
        now = datetime.now(timezone.utc).isoformat()
        status = {"status": {"attached": False, "attachError": {"message": reason, "time": now}}}
        self._storage.patch_volume_attachment_status(attachment["metadata"]["name"], status, _content_type=_MERGE)

    def _set_finalizers(self, attachment: Object, finalizers: list[str]) -> None:
        # The version makes the patch fail instead of dropping a finalizer that somebody else adds meanwhile.
        metadata = attachment["metadata"]
        change = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
        self._storage.patch_volume_attachment(metadata["name"], change, _content_type=_MERGE)

    def _delete(self, bound: Object) -> None:
        name = bound["metadata"]["name"]
        _log.info("delete %s", name)
        kept = [f for f in bound["metadata"].get("finalizers", []) if f != volumes.DELETE_FINALIZER]
        self._core.patch_persistent_volume(name, {"metadata": {"finalizers": kept}}, _content_type=_MERGE)
        _unless(404, lambda: self._core.delete_persistent_volume(name))

    def _topologies(self) -> dict[str, Topology]:
        """The driver's topology of every node that has it, from the labels that its CSINode names."""
        labels = {n["metadata"]["name"]: n["metadata"].get("labels", {}) for n in _items(self._core.list_node)}
        found: dict[str, Topology] = {}
        for csi_node in _items(self._storage.list_csi_node):
            name = csi_node["metadata"]["name"]
            keys = [d["topologyKeys"] for d in csi_node["spec"].get("drivers") or [] if d["name"] == self._driver.name]
            if keys and name in labels:
                found[name] = {key: labels[name][key] for key in keys[0] if key in labels[name]}
        return found

    def _event(self, claim: Object, kind: str, reason: str, message: str) -> None:
        """Write an event on the claim, once for as long as the message stays the same."""
        metadata = claim["metadata"]
        if self._said.get(metadata["uid"]) == message:
            return
        _log.info("%s/%s: %s: %s", metadata["namespace"], metadata["name"], reason, message)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        event: Any = {
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": f"{self._driver.name}_devcluster"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self._core.create_namespaced_event(metadata["namespace"], event)
        self._said[metadata["uid"]] = message

    def _is_ours(self, item: Object) -> bool:
        return item["spec"].get("csi", {}).get("driver") == self._driver.name

    def _attaches(self, attachment: Object) -> bool:
        return attachment["spec"]["attacher"] == self._driver.name


def _items(listing: Callable[..., Any]) -> list[Object]:
    """All objects of a list call as the JSON that the server sent: the models of the client would rename the fields."""
    return json.loads(listing(_preload_content=False).data)["items"]


def _unless(status: int, call: Callable[[], Any]) -> None:
    """Call; an answer of `status` means that somebody has already done it."""
    try:
        call()
    except ApiException as error:
        if error.status != status:
            raise


def _volume_name(attachment: Object) -> str:
    return attachment["spec"]["source"].get("persistentVolumeName", "")


def _other_node(attachment: Object, attachments: list[Object]) -> str | None:
    """The node that holds the attachment's disk, when it is another one."""
    for other in attachments:
        same_disk = _volume_name(other) == _volume_name(attachment)
        if same_disk and other is not attachment and other.get("status", {}).get("attached"):
            return other["spec"]["nodeName"]
    return None


def _age(timestamp: str) -> float:
    created = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return (datetime.now(timezone.utc) - created).total_seconds()
