"""The whole program on every stack file of the repository: what must hold for all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.mocks import MockCallArgs

from components.contract import Profile
from plan import collect, command, stack_file
from plan.recorder import Echo, Run
from plan.stack_file import ROOT
from stacks.planned import Planned
from stacks.program import listening

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
RunProgram = Callable[..., Run]
DATA = ("PersistentVolume", "PersistentVolumeClaim")


class Cloud(Echo):
    """Answers what only an account can: the credentials of a cluster that is named by its id, and what it has."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, Any]] = {
            "alicloud:cs/getClusterCredential:getClusterCredential": {"kubeConfig": "a kubeconfig"},
            "alicloud:cs/getKubernetesAddons:getKubernetesAddons": {"addons": []},
            "alicloud:ram/getRoles:getRoles": {"roles": []},
        }
        return answers[args.token], []


def run(pulumi_run: RunProgram, name: str, preview: bool = True) -> Run:
    file = stack_file.read(name)
    resources = Echo() if preview else Cloud()
    return pulumi_run(
        file.program, resources, stack=name, preview=preview, config=file.config, secret_keys=file.secret_keys
    )


@pytest.mark.parametrize("name", STACKS)
def test_every_child_has_a_parent_that_is_ours(pulumi_run: RunProgram, name: str) -> None:
    done = run(pulumi_run, name)
    orphans = [r for r in done.registrations if r.custom and not r.parent and not r.type.startswith("pulumi:")]
    # A Secret with a value of the stack file is the stack's own.
    assert [r.urn for r in orphans if r.type != "kubernetes:core/v1:Secret"] == []
    assert all(r.type.startswith("kotaemon:index:") for r in done.registrations if not r.custom)


@pytest.mark.parametrize("name", STACKS)
def test_every_claim_of_the_application_is_protected_and_retained(pulumi_run: RunProgram, name: str) -> None:
    file = stack_file.read(name)
    done = run(pulumi_run, name)
    claims = [
        r
        for r in done.registrations
        if r.inputs.get("kind") in DATA
        and file.settings.namespace
        in (r.inputs["metadata"].get("namespace"), r.inputs["spec"].get("claimRef", {}).get("namespace"))
    ]
    assert claims
    assert [r.name for r in claims if not (r.protect and r.retain_on_delete)] == []


@pytest.mark.parametrize("name", STACKS)
def test_no_secret_is_plain(pulumi_run: RunProgram, name: str) -> None:
    done = run(pulumi_run, name, preview=False)
    secrets = done.of("kubernetes:core/v1:Secret")
    assert secrets
    assert [r.name for r in secrets if not r.secret_keys & {"data", "stringData"}] == []
    for secret in secrets:
        for value in secret.inputs.get("data", {}).values():
            assert value == "" or all(value not in str(r.inputs) for r in done.registrations if r is not secret)


def test_the_development_stack_reads_nothing_that_is_unknown_in_a_preview(pulumi_run: RunProgram) -> None:
    done = run(pulumi_run, "dev")
    assert [r.urn for r in done.registrations if r.unknowns] == []
    assert all(output.known for output in done.outputs.values())


def test_previews_do_not_differ_from_updates(pulumi_run: RunProgram) -> None:
    previewed, updated = run(pulumi_run, "dev"), run(pulumi_run, "dev", preview=False)
    assert [r.urn for r in previewed.registrations] != []
    assert sorted(r.urn for r in previewed.registrations) == sorted(r.urn for r in updated.registrations)


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_can_be_planned_and_the_plan_shows_no_secret(
    pulumi_run: RunProgram, name: str, tmp_path: Path
) -> None:
    file = stack_file.read(name)
    stacks: list[Planned] = []
    with listening(stacks.append):
        done = run(pulumi_run, name)
    plan = collect.collected(done, name, stacks[0])
    data, text = command.write(plan, tmp_path)
    password = done.one("kubernetes:core/v1:Secret", "kotaemon-admin").inputs["data"]["password"]
    assert password not in data.read_text() + text.read_text()
    on_claims = {"models", "indexes", "uploads", "logs", "eval"}
    single = file.settings.profile == Profile.SINGLE_WRITER
    assert set(plan.storage) == on_claims | ({"sessions"} if single else set())


def test_lifting_the_protection_lifts_all_of_it(pulumi_run: RunProgram) -> None:
    file = stack_file.read("dev")
    config = {**file.config, "kotaemon:protect": "false"}
    done = pulumi_run(file.program, config=config)
    assert [r.name for r in done.registrations if r.protect] == []
    assert [r.name for r in done.registrations if r.retain_on_delete] != []


def test_a_secret_in_plain_text_is_warned_of(pulumi_run: RunProgram) -> None:
    file = stack_file.read("dev")
    config = {**file.config, "kotaemon:apiKeys": '{"OPENAI_API_KEY": "sk-1"}'}
    warnings = pulumi_run(file.program, config=config, stack="dev").warnings
    (warning,) = [line for line in warnings if line.startswith("kotaemon:apiKeys is in plain text in Pulumi.dev.yaml")]
    assert not any("sk-1" in line for line in warnings)
    secret = pulumi_run(file.program, config=config, secret_keys=["kotaemon:apiKeys"], stack="dev").warnings
    assert [line for line in warnings if line != warning] == secret
