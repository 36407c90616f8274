"""The example of an application repository: its program, run against the outputs of our own stacks."""

import re
import runpy
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pulumi
import pytest
import yaml

import policy
from plan import stack_file
from plan.recorder import STACK_REFERENCE, Echo, Run, run_program
from stacks.outputs import CONTRACT_VERSION

FOLDER = stack_file.ROOT / "examples" / "app-repo"
FULL_NAME = "organization/kotaemon/dev"
STACKS = sorted({file.name.split(".")[1] for file in stack_file.ROOT.glob("Pulumi.*.yaml")} - {"local"})
"""Example stacks whose files can be shared with another program. The one for laptops has all on one disk."""


@cache
def exported(name: str) -> dict[str, Any]:
    """The outputs of one of our stacks."""
    file = stack_file.read(name)
    run = run_program(file.program, stack=name, config=file.config, preview=True, secret_keys=file.secret_keys)
    # What only a real provider tells stands for itself here.
    return {key: output.value if output.known else f"{key} of {name}" for key, output in run.outputs.items()}


class OtherStack(Echo):
    """A StackReference that has these outputs."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        super().__init__()
        self.outputs = outputs

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        if args.typ == STACK_REFERENCE:
            # Named after itself, not after the stack: another stack is not another resource.
            if args.name != "kotaemon" or args.inputs["name"] != FULL_NAME:
                raise LookupError(f"the reference is called {args.name} and reads {args.inputs['name']}")
            return args.inputs["name"], {**args.inputs, "outputs": self.outputs, "secretOutputNames": []}
        return super().new_resource(args)


@pytest.fixture
def program() -> Iterator[Callable[[dict[str, Any]], Run]]:
    """Runs the example as `pulumi up` does: its folder on the path, its project, its configuration."""

    def run(outputs: dict[str, Any]) -> Run:
        configured: dict[str, Any] = yaml.safe_load((FOLDER / "Pulumi.yaml").read_text())["config"]
        defaults = {key: entry["default"] for key, entry in configured.items() if "default" in entry}
        return run_program(
            lambda: runpy.run_path(str(FOLDER / "__main__.py"), run_name="__main__") and None,
            OtherStack(outputs),
            project="nightly-eval",
            config={**defaults, "nightly-eval:kotaemon": FULL_NAME},
        )

    sys.path.insert(0, str(FOLDER))
    yield run
    sys.path.remove(str(FOLDER))
    for name in ("evaluation", "kotaemon_outputs"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", STACKS)
def test_both_roles_are_mounted_read_only(program: Callable[[dict[str, Any]], Run], name: str) -> None:
    outputs = exported(name)
    run = program(outputs)
    job = run.one("kubernetes:batch/v1:CronJob")
    assert job.inputs["metadata"]["namespace"] == outputs["namespace"]
    pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    claims = {volume["name"]: volume["persistentVolumeClaim"] for volume in pod["volumes"]}
    assert all(claim["readOnly"] for claim in claims.values())
    mounted = {mount["mountPath"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert set(mounted) == {"/data/eval", "/data/models"}
    for role in ("eval", "models"):
        mount = mounted[f"/data/{role}"]
        assert mount["readOnly"]
        assert mount["subPath"] == outputs["storage"][role]["sub_path"]
        assert claims[mount["name"]]["claimName"] == outputs["storage"][role]["claim"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (1001, 1001)


def test_it_keeps_our_own_policy(program: Callable[[dict[str, Any]], Run]) -> None:
    assert policy.check(program(exported("dev")).registrations) == []


def changed(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in {**exported("dev"), **values}.items() if value is not None}


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (
            {},
            "the stack organization/kotaemon/dev has no output '(storage|namespace|uid|gid)' (it has no outputs at all; "
            "check its name, and whether it was deployed)",
        ),
        (
            {"contract_version": 1.0, "namespace": "kotaemon", "storage": {}},
            "the stack organization/kotaemon/dev has no output '(uid|gid)'; it has contract_version, namespace, storage (its "
            "contract has version 1, this reader version 2: deploy that stack again)",
        ),
    ],
)
def test_a_missing_output_lists_what_is_there(
    program: Callable[[dict[str, Any]], Run], outputs: dict[str, Any], message: str
) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        program(outputs)
    first, rest = message.split("'", 1)
    names, rest = rest.split("'", 1)
    pattern = f"{re.escape(first)}'{names}'{re.escape(rest)}"
    if "contract_version" in outputs:
        pattern += "|has no storage for the role"  # whichever of the awaited values is first
    assert re.search(pattern, str(raised.value)), str(raised.value)
    assert type(raised.value).__name__ == "MissingOutput"


def test_a_secret_that_cannot_be_read_here(program: Callable[[dict[str, Any]], Run]) -> None:
    outputs = changed(uid=None)
    with pytest.raises(pulumi.RunError, match="or it is secret and cannot be decrypted") as raised:
        program(outputs)
    assert f"it has {', '.join(sorted(outputs))}" in str(raised.value)


def test_a_missing_role_lists_the_roles(program: Callable[[dict[str, Any]], Run]) -> None:
    storage = {role: mount for role, mount in exported("dev")["storage"].items() if role != "eval"}
    with pytest.raises(pulumi.RunError) as raised:
        program(changed(storage=storage))
    assert str(raised.value) == (
        "the stack organization/kotaemon/dev has no storage for the role 'eval'; it has indexes, logs, models, "
        "sessions, uploads"
    )


def test_a_role_on_a_disk_is_refused(program: Callable[[dict[str, Any]], Run]) -> None:
    storage = exported("dev")["storage"]
    with pytest.raises(pulumi.RunError) as raised:
        program(changed(storage={**storage, "eval": storage["sessions"]}))
    assert str(raised.value) == (
        "the role 'eval' of the stack organization/kotaemon/dev is on the claim kotaemon-disk, which is "
        "ReadWriteOncePod: only the application's own pod can mount it"
    )


def test_the_reader_is_of_this_contract() -> None:
    reader = (FOLDER / "kotaemon_outputs.py").read_text()
    assert f"\nCONTRACT_VERSION = {CONTRACT_VERSION}\n" in reader
    assert f'\nversion = "{CONTRACT_VERSION}.' in (FOLDER / "pyproject.toml").read_text()
    mount = reader[reader.index("class Mount") : reader.index("class MissingOutput")]
    assert set(re.findall(r"^    (\w+): ", mount, re.M)) == set(exported("dev")["storage"]["models"])


def test_the_reader_imports_only_pulumi() -> None:
    imported = re.findall(r"^(?:from|import) ([\w.]+)", (FOLDER / "kotaemon_outputs.py").read_text(), re.M)
    assert set(imported) == {"collections.abc", "typing", "pulumi"}
