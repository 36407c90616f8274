"""VolumeSnapshots of disks: makes one of each claim, waits for it, and removes the oldest that it made itself.

A snapshot of one disk is one moment of everything on it: database, vectors and texts of the profile single-writer
together, as after a loss of power, from which all three recover. Two disks are two moments, the first claim's first.
Nothing is removed before the new snapshot is ready to use, and nothing that another one made.
"""

import datetime
import hashlib
import os
import time
import urllib.error
from typing import Any

from ks_api import call
from ks_protect_words import AGAIN, REFUSED, end, need, say

API = "snapshot.storage.k8s.io/v1"
MADE_BY = "kotaemon.dev/snapshots-of"
"""Label of a snapshot: the component that made it. Without it nothing is ever removed."""
CLAIM = "kotaemon.dev/claim"
"""Label of a snapshot: its claim."""
LONGEST_LABEL, LONGEST_NAME = 63, 240
"""Characters of a claim's name in a label, which holds 63, and in the name of a snapshot with its time, which holds 253
(Kubernetes, "Labels and Selectors", "Object Names and IDs")."""


def short(claim: str, longest: int) -> str:
    """The name of a claim, where it is too long with a hash of it at its end: two claims never have the same."""
    if len(claim) <= longest:
        return claim
    return f"{claim[: longest - 17].rstrip('-.')}-{hashlib.sha256(claim.encode()).hexdigest()[:16]}"


def snapshot(claim: str, klass: str, maker: str) -> dict[str, Any]:
    """The object. Its name has the time, so that a run that was killed is not met again."""
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S")
    return {
        "apiVersion": API,
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": f"{short(claim, LONGEST_NAME - len(at) - 1)}-{at}",
            "labels": {MADE_BY: maker, CLAIM: short(claim, LONGEST_LABEL)},
        },
        "spec": {"volumeSnapshotClassName": klass, "source": {"persistentVolumeClaimName": claim}},
    }


def ready(found: dict[str, Any]) -> bool:
    """Whether a volume can be made of a snapshot."""
    return bool(found.get("status", {}).get("readyToUse"))


def too_old(found: list[dict[str, Any]], claim: str, keep: int) -> list[str]:
    """Names of a claim's snapshots that go: all but the newest ready ones, and what never got ready before them."""
    mine = [one for one in found if one["metadata"]["labels"].get(CLAIM) == short(claim, LONGEST_LABEL)]
    newest = sorted(mine, key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=True)
    kept = [one["metadata"]["name"] for one in newest if ready(one)][:keep]
    if not kept:
        return []
    oldest = min(str(one["metadata"]["creationTimestamp"]) for one in newest if one["metadata"]["name"] in kept)
    return [
        one["metadata"]["name"]
        for one in newest
        if one["metadata"]["name"] not in kept and str(one["metadata"]["creationTimestamp"]) <= oldest
    ]


def main() -> None:
    """One snapshot of each claim, then the retention of each."""
    namespace, maker, klass = need("KS_NAMESPACE"), need("KS_NAME"), need("KS_CLASS")
    path = f"/apis/{API}/namespaces/{namespace}/volumesnapshots"
    _look_at_class(klass)
    for claim in need("KS_CLAIMS").split():
        name = call("POST", path, snapshot(claim, klass, maker))["metadata"]["name"]
        _wait(f"{path}/{name}")
        say(f"{name} is ready to use")
        if copies := os.environ.get("KS_COPY_CLASS", ""):
            _copy(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim, name, copies)
        found = call("GET", f"{path}?labelSelector={MADE_BY}%3D{maker}")["items"]
        for old in too_old(found, claim, int(need("KS_KEEP"))):
            _remove(path, next(one for one in found if one["metadata"]["name"] == old))


def _copy(claims: str, claim: str, snapshot_name: str, klass: str) -> None:
    """A claim of the snapshot, `<claim>-copy`, in the place of the one of the run before: the backup reads it.

    A copy that a backup still reads goes when its pod has ended; so long this waits.
    """
    name = f"{claim}-copy"
    size = call("GET", f"{claims}/{claim}")["spec"]["resources"]["requests"]["storage"]
    _gone(claims, name)
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": {MADE_BY: need("KS_NAME"), CLAIM: short(claim, LONGEST_LABEL)}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": klass,
            "resources": {"requests": {"storage": size}},
            "dataSource": {
                "apiGroup": "snapshot.storage.k8s.io",
                "kind": "VolumeSnapshot",
                "name": snapshot_name,
            },
        },
    }
    call("POST", claims, body)
    say(f"{name} is a copy of {snapshot_name}")


def _gone(claims: str, name: str) -> None:
    until = time.monotonic() + float(os.environ.get("KS_READY_SECONDS", "3600"))
    while time.monotonic() < until:
        try:
            if not call("GET", f"{claims}/{name}")["metadata"].get("deletionTimestamp"):
                call("DELETE", f"{claims}/{name}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return
        time.sleep(float(os.environ.get("KS_POLL_SECONDS", "5")))
    end(f"the claim {name} of the run before is still in use", AGAIN)


def _look_at_class(klass: str) -> None:
    try:
        found = call("GET", f"/apis/{API}/volumesnapshotclasses/{klass}")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        end(f"there is no VolumeSnapshotClass {klass}, or the cluster has no snapshot controller", REFUSED)
    say(f"class {klass}: driver {found['driver']}, deletionPolicy {found['deletionPolicy']}")
    if found["deletionPolicy"] != "Retain":
        say(f"warning: who deletes the namespace deletes every snapshot; a class with Retain keeps them, not {klass}")


def _remove(path: str, found: dict[str, Any]) -> None:
    """Remove a snapshot with its data. A class with Retain keeps the data when the object goes: the content is told."""
    content = found.get("status", {}).get("boundVolumeSnapshotContentName")
    if content:
        call("PATCH", f"/apis/{API}/volumesnapshotcontents/{content}", {"spec": {"deletionPolicy": "Delete"}})
    call("DELETE", f"{path}/{found['metadata']['name']}")
    say(f"removed {found['metadata']['name']}")


def _wait(path: str) -> None:
    until = time.monotonic() + float(os.environ.get("KS_READY_SECONDS", "3600"))
    while time.monotonic() < until:
        found = call("GET", path)
        if ready(found):
            return
        if error := found.get("status", {}).get("error", {}).get("message"):
            say(f"not yet: {error}")
        time.sleep(float(os.environ.get("KS_POLL_SECONDS", "5")))
    end(f"{path.rpartition('/')[2]} did not get ready; nothing was removed", AGAIN)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        end(str(error), AGAIN)
