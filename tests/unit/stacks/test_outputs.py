"""The contract with other repositories: what a version promised, every later one keeps."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from plan import collect, stack_file
from plan.recorder import Run
from stacks.outputs import CONTRACT_VERSION

FIXTURES = {int(file.stem): file for file in (Path(__file__).parent / "contracts").glob("*.json")}
STACKS = sorted(file.name.split(".")[1] for file in stack_file.ROOT.glob("Pulumi.*.yaml"))


@cache
def promised(version: int) -> dict[str, dict[str, str]]:
    return json.loads(FIXTURES[version].read_text())


def types(values: dict[str, Any]) -> dict[str, str]:
    return {name: type(value).__name__ for name, value in values.items()}


@pytest.fixture(params=STACKS)
def outputs(request: pytest.FixtureRequest, pulumi_run: Callable[..., Run]) -> dict[str, Any]:
    """The outputs of each example stack, all known."""
    file = stack_file.read(request.param)
    run = pulumi_run(file.program, config=file.config, preview=True, secret_keys=file.secret_keys)
    return {name: output.value for name, output in run.outputs.items()}


def test_every_version_has_its_fixture() -> None:
    assert sorted(FIXTURES) == list(range(1, CONTRACT_VERSION + 1))


@pytest.mark.parametrize("version", sorted(FIXTURES)[1:])
def test_a_version_only_adds(version: int) -> None:
    before, after = promised(version - 1), promised(version)
    for part, names in before.items():
        assert names.items() <= after[part].items()
    assert before != after


def test_the_newest_fixture_is_what_the_program_exports(outputs: dict[str, Any]) -> None:
    newest = promised(CONTRACT_VERSION)
    known = {name: value for name, value in outputs.items() if value is not None}
    assert set(outputs) == set(newest["outputs"])
    assert types(known).items() <= newest["outputs"].items()
    # What other programs plan with is known before anything exists.
    assert {"contract_version", "storage", "encryption", "zones", "overrides", "uid", "gid", "cost"} <= set(known)
    assert outputs["contract_version"] == CONTRACT_VERSION
    for mount in outputs["storage"].values():
        assert types(mount) == newest["storage"]
    assert types(outputs["cost"]) == newest["cost"]
    assert types(outputs["cost"]["total"]) == newest["sum"]


def test_cost_is_the_cost_of_the_plan(outputs: dict[str, Any], request: pytest.FixtureRequest) -> None:
    file = stack_file.read(request.node.callspec.params["outputs"])
    cost = collect.make(file).cost.model_dump(mode="json")
    assert outputs["cost"] == {key: cost[key] for key in outputs["cost"]}
    assert outputs["cost"]["total"]["known"] or outputs["cost"]["total"]["unknown"]


def test_encryption_and_zones_are_by_claim(outputs: dict[str, Any]) -> None:
    claims = {mount["claim"] for mount in outputs["storage"].values()}
    assert set(outputs["encryption"]) == set(outputs["zones"]) == claims
    for mount in outputs["storage"].values():
        assert outputs["encryption"][mount["claim"]] == mount["encrypted_by"]
        assert outputs["zones"][mount["claim"]] == mount["zones"]


def test_dev(pulumi_run: Callable[..., Run]) -> None:
    file = stack_file.read("dev")
    values = {name: output.value for name, output in pulumi_run(file.program, config=file.config).outputs.items()}
    assert types(values) == promised(CONTRACT_VERSION)["outputs"]
    assert values["storage"]["sessions"]["access_mode"] == "ReadWriteOncePod"
    assert values["storage"]["models"]["medium"] == "file"
    assert set(values["encryption"]) == {"kotaemon-files", "kotaemon-disk"}
    assert (values["uid"], values["gid"]) == (1001, 1001)


def test_a_living_claim_is_told_with_the_key_that_it_was_made_with(pulumi_run: Callable[..., Run]) -> None:
    """Storage in an account never gets another key, whatever `keyArn` says now; words about a server may change."""
    for example, claim, told in (("aws-single", "kotaemon-disk", "KMS, the old key"), ("dev", "kotaemon-disk", "")):
        file = stack_file.read(example)
        earlier = {"encryption": {claim: "KMS, the old key"}}
        found = pulumi_run(
            file.program, preview=True, stack=example, config=file.config, secret_keys=file.secret_keys, earlier=earlier
        ).outputs
        now = collect.make(file).outputs["encryption"]
        assert found["encryption"].value == {**now, **({claim: told} if told else {})}
        assert found["storage"].value["sessions"]["encrypted_by"] == (told or now[claim])
