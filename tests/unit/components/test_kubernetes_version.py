"""The oldest Kubernetes, and the fields that make it so."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes_version import OLDEST, OLDEST_TEXT, refused_version
from plan import collect, stack_file
from stacks.settings.load import SettingsError
from tests.unit.plan.plans import STACKS, run
from tests.unit.stacks.test_network import changed

ROOT = Path(__file__).parents[3]
NUMBERED = {
    "sleep": (1, 30),
    "matchLabelKeys": (1, 27),
    "unhealthyPodEvictionPolicy": (1, 27),
    "podFailurePolicy": (1, 26),
    "ReadWriteOncePod": (1, 29),
    # younger than OLDEST: none of these may be used
    "hostnameOverride": (1, 35),
    "supplementalGroupsPolicy": (1, 33),
    "resizePolicy": (1, 33),
    "stopSignal": (1, 35),
    "podReplacementPolicy": (1, 29),
    "volumeAttributesClassName": (1, 34),
    "trafficDistribution": (1, 31),
    "fileKeyRef": (1, 35),
    "restartPolicyRules": (1, 35),
}
"""Field or value of an object -> first release that has it without a feature gate of its own."""


def words(value: Any) -> set[str]:
    """Every key and every text in an object."""
    if isinstance(value, dict):
        return set(value) | {word for item in value.values() for word in words(item)}
    if isinstance(value, list):
        return {word for item in value for word in words(item)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("version", ["1.30", "v1.30.14", "1.36", "v1.33.4-eks-99bf2c4", "2.0", "1.31+"])
def test_new_enough(version: str) -> None:
    assert refused_version(version) == ""


@pytest.mark.parametrize(
    ("version", "lacks"),
    [("1.29", "sleep"), ("v1.28.15-aliyun.1", "sidecar"), ("1.24", "podFailurePolicy"), ("latest", "no version")],
)
def test_too_old_is_told_with_what_it_lacks(version: str, lacks: str) -> None:
    assert lacks in refused_version(version)


def test_a_stack_file_is_refused_before_anything_is_made() -> None:
    with pytest.raises(SettingsError, match=r"kotaemon:cluster\.version: .*1\.27.* is older than 1\.30"):
        changed("dev", cluster={"version": "1.27"})
    with pytest.raises(SettingsError, match="quotation marks"):
        changed("dev", cluster={"version": 1.3})
    changed("dev", cluster={"version": "1.30"})


@pytest.mark.parametrize("name", STACKS)
def test_no_object_has_a_field_that_is_younger(name: str) -> None:
    used = {word for r in run(name).registrations if r.is_object for word in words(r.inputs)}
    assert {field for field in NUMBERED if field in used and NUMBERED[field] > OLDEST} == set()


def test_the_oldest_is_no_older_than_it_has_to_be() -> None:
    file = stack_file.read("private-scaled")
    text = json.dumps([r.inputs for r in collect.preview(file).registrations if r.is_object])
    assert '"sleep"' in text, "nothing needs 1.30 any more: lower the oldest version"


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_it(name: str) -> None:
    assert f"Kubernetes >= {OLDEST_TEXT}" in (ROOT / name).read_text()
