"""Every resource type of every example stack is priced, free with a reason, or listed as unknown.

And what the kinds, stores and platforms say beforehand that they buy is what a run really registers.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from estimate.cost import Estimate
from estimate.product import Free, Unknown
from estimate.recognise import Plan
from plan import stack_file
from plan.collect import preview, resources_of
from plan.recognised import mounts, recognised
from plan.recorder import run_program
from plan.stack_file import StackFile
from stacks import cost
from stacks.planned import planned
from stacks.program import settings_of_this_run
from tests.unit.plan.plans import STACKS, run

MISSING_RULES = "no price rule knows"


def costed(name: str) -> Estimate:
    found, platform = run(name), stack_file.read(name).settings.platform
    return recognised(resources_of(found), found.outputs["storage"].value, platform, None)


@pytest.mark.parametrize("name", STACKS)
def test_every_type_is_known(name: str) -> None:
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    reasons = {r.type: found.reason for r in plan.resources if isinstance(found := plan.recognise(r), Unknown)}
    assert {kind: reason for kind, reason in reasons.items() if MISSING_RULES in reason} == {}


@pytest.mark.parametrize("name", STACKS)
def test_every_resource_is_a_line_or_free(name: str) -> None:
    found = costed(name)
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    billed = {line.resource for line in found.lines}
    free = {r.name for r in plan.resources if isinstance(plan.recognise(r), Free)}
    assert {r.name for r in plan.resources} - billed - free == set()


@pytest.mark.parametrize("name", STACKS)
def test_every_claim_has_a_line_and_no_line_is_zero(name: str) -> None:
    found = costed(name)
    assert {m.claim for m in mounts(run(name).outputs["storage"].value)} <= {line.claim for line in found.lines}
    assert [line for line in found.lines if line.amount == 0] == []
    assert [line for line in found.lines if (line.amount is None) != bool(line.unknown)] == []


def said(file: StackFile) -> Estimate:
    """What the kinds, stores and the platform of a stack file say, priced."""
    found: list[Estimate] = []
    options: Any = {"project": file.project, "stack": file.name, "preview": True, "secret_keys": file.secret_keys}
    run_program(lambda: found.append(cost.estimated(planned(settings_of_this_run()))), config=file.config, **options)
    return found[0]


def registered(file: StackFile) -> Estimate:
    """What a run of the stack file registers, recognised and priced."""
    done = preview(file)
    settings = file.settings
    return recognised(resources_of(done), done.outputs["storage"].value, settings.platform, settings.estimate)


@pytest.mark.parametrize("name", STACKS)
def test_what_is_said_to_be_bought_is_what_is_registered(name: str) -> None:
    file = stack_file.read(name)
    assert sorted(said(file).lines, key=str) == sorted(registered(file).lines, key=str)


NFS = {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "encryptedBy": "LUKS"}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("aws-single", {"disk": {"kind": "ebs", "zone": "eu-central-1a", "volumeType": "io2", "iops": 5000}}),
    ("aws-single", {"disk": {"kind": "ebs", "iops": 6000, "throughput": 500, "attributesClass": True}}),
    ("aws-single", {"files": {"kind": "efs", "oneZone": "eu-central-1b"}}),
    ("aws-single", {"files": {"kind": "efs", "provisioning": "dynamic"}}),
    ("aws-single", {"files": {"kind": "openzfs", "deployment": "SINGLE_AZ_1", "iops": 2000}, "spare": NFS}),
    ("aws-single", {"files": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"], "iops": 4000, "throughput": 250}}),
    ("aws-single", {"weights": {"kind": "lustre", "s3Links": [{"path": "/m", "bucketPath": "s3://weights"}]}}),
    ("alicloud-single", {"disk": {"kind": "ecs-disk", "provisionedIops": 1000, "bursting": True}}),
    ("alicloud-single", {"disk": {"kind": "essd", "types": ["cloud_essd"], "performanceLevel": "PL0"}}),
    ("alicloud-single", {"files": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"], "iops": 9000}}),
    ("alicloud-single", {"files": {"kind": "nas", "fileSystem": "extreme", "size": "200Gi", "backupDays": 0}}),
    ("dev", {"spare": {"kind": "storage-class", "storageClass": "fast"}, "other": NFS}),
]


@pytest.mark.parametrize(
    ("name", "claims"), VARIANTS, ids=lambda value: value if isinstance(value, str) else str(value)
)
def test_it_is_so_for_other_choices_of_every_kind(name: str, claims: dict[str, Any], tmp_path: Path) -> None:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{name}.yaml").read_text())
    document["config"]["kotaemon:storage"]["claims"] |= claims
    databases, files = ("indexes", "sessions"), ("models", "uploads", "logs", "eval")
    if "weights" in claims:
        document["config"]["kotaemon:aws"]["nodeGroupRules"] = True
    roles = {role: {"claim": name} for name, held in (("disk", databases), ("files", files)) for role in held}
    document["config"]["kotaemon:storage"]["roles"] = roles
    (tmp_path / "Pulumi.v.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    file = stack_file.read("v", tmp_path)
    assert sorted(said(file).lines, key=str) == sorted(registered(file).lines, key=str)
