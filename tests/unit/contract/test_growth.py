"""A changed size is followed by what can grow, and asked of nothing that cannot."""

import pytest

from plan.recorder import Registration
from tests.unit.plan.plans import STACKS, run

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"


def expands(claim: Registration, classes: dict[str, Registration]) -> bool:
    """Whether the claim's class lets it grow; a class that is not the stack's is its administrator's."""
    name = claim.inputs["spec"].get("storageClassName")
    return bool(name) and (name not in classes or bool(classes[name].inputs.get("allowVolumeExpansion")))


@pytest.mark.parametrize("name", STACKS)
def test_only_a_claim_whose_class_expands_follows_the_size(name: str) -> None:
    """The API server refuses it of any other: "only dynamically provisioned pvc can be resized"."""
    found = run(name)
    classes = {r.inputs["metadata"]["name"]: r for r in found.of(CLASS)}
    claims = found.of(CLAIM)
    assert claims
    for claim in claims:
        assert ("spec.resources" in claim.ignore_changes) != expands(claim, classes), claim.name


@pytest.mark.parametrize("name", STACKS)
def test_volumes_and_what_is_behind_them_follow_the_size(name: str) -> None:
    for registration in run(name).registrations:
        assert not {"size", "spec.capacity", "storageCapacity"} & set(registration.ignore_changes), registration.name
