"""What a living object keeps is under `ignore_changes`, on everything that the example stacks make."""

import pytest

from components.volumes.on_class import CLASS_KEEPS
from components.volumes.static import VOLUME_KEEPS
from tests.unit.plan.plans import STACKS, run


@pytest.mark.parametrize("name", STACKS)
def test_classes_volumes_and_keys_stay_as_they_are(name: str) -> None:
    for registration in run(name).registrations:
        ignored = set(registration.ignore_changes)
        if registration.type.endswith(":StorageClass"):
            assert ignored >= set(CLASS_KEEPS), registration.name
        if registration.type.endswith(":PersistentVolume") and "-bound" not in registration.name:
            assert ignored >= set(VOLUME_KEEPS), registration.name
        if "kmsKeyId" in registration.inputs:
            assert "kmsKeyId" in ignored, registration.name


def test_something_was_looked_at() -> None:
    types = {r.type.rpartition(":")[2] for name in STACKS for r in run(name).registrations}
    assert types >= {"StorageClass", "PersistentVolume", "FileSystem", "OpenZfsFileSystem", "LustreFileSystem"}


def test_the_way_in_is_turned_before_the_pods() -> None:
    (deployment,) = (r for r in run("private-scaled").registrations if r.type.endswith(":Deployment"))
    first = {urn.rpartition("::")[2] for urn in deployment.depends_on}
    assert first >= {"kotaemon-service", "kotaemon-policy"}
