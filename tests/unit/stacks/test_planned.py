"""A stack is planned and checked as a whole before its first resource, and only what a file names is imported."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from plan import stack_file
from plan.recorder import Echo, Run
from stacks import planned as planning

RunProgram = Callable[..., Run]
ROOT = stack_file.ROOT


class Nothing(Echo):
    """Fails the test when anything is registered."""

    def new_resource(self, args: Any) -> Any:
        raise AssertionError(f"{args.typ} {args.name} was registered before everything was checked")


def changed(folder: Path, example: str, name: str = "x", **config: Any) -> stack_file.StackFile:
    document = yaml.safe_load((ROOT / f"Pulumi.{example}.yaml").read_text())
    for key, value in config.items():
        document["config"][f"kotaemon:{key}"] = value
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(name, folder)


def refused(pulumi_run: RunProgram, file: stack_file.StackFile) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        pulumi_run(file.program, Nothing(), stack=file.name, preview=True, config=file.config)
    return str(caught.value)


def test_what_the_application_refuses_is_told_before_any_claim(pulumi_run: RunProgram, tmp_path: Path) -> None:
    text = refused(pulumi_run, changed(tmp_path, "dev", env={"KS_PROFILE": "scaled", "HF_HOME": "/models"}))
    assert text == (
        "Pulumi.x.yaml: the stack cannot be made, and nothing was created:\n"
        "  - kotaemon:env: HF_HOME is set by this component, or must not be set; leave it out\n"
        "  - kotaemon:env: KS_PROFILE is set by this component, or must not be set; leave it out"
    )


def test_what_the_key_of_the_platform_refuses_is_told_before_any_claim(
    pulumi_run: RunProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stacks.platforms.aws import platform

    monkeypatch.setattr(platform, "key_alias", lambda: "alias/aws/mine")
    text = refused(pulumi_run, changed(tmp_path, "aws-single"))
    assert text.splitlines()[1].startswith("  - kotaemon:aws: alias: ")


def test_what_a_store_refuses_is_told_before_any_claim(
    pulumi_run: RunProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stacks.stores import postgres_bundled

    monkeypatch.setattr(postgres_bundled, "check", lambda _name, _args: ["image: too old"])
    text = refused(pulumi_run, changed(tmp_path, "private-scaled"))
    assert text.splitlines()[1:] == ["  - kotaemon:stores.database: image: too old"]


@pytest.mark.parametrize("example", ["dev", "private-scaled", "aws-single", "aws-scaled", "alicloud-scaled"])
def test_planning_registers_nothing(pulumi_run: RunProgram, example: str) -> None:
    from stacks.program import settings_of_this_run

    file = stack_file.read(example)
    found: list[planning.Planned] = []
    program: Callable[[], None] = lambda: found.append(planning.planned(settings_of_this_run()))  # noqa: E731
    pulumi_run(program, Nothing(), stack=example, config=file.config, secret_keys=file.secret_keys)
    assert set(found[0].claims) == set(file.settings.storage.claims)


@pytest.mark.parametrize(
    ("example", "unused"),
    [
        ("dev", ["stacks.platforms.aws", "stacks.platforms.alicloud", "stacks.kinds.efs", "stacks.stores.qdrant"]),
        ("aws-single", ["stacks.platforms.alicloud", "stacks.kinds.nas", "stacks.kinds.lustre"]),
    ],
)
def test_a_stack_file_imports_what_it_names_and_no_sdk(example: str, unused: list[str]) -> None:
    code = (
        "import sys; from pathlib import Path; from stacks.settings import load; "
        f"values, secret = load.from_file(Path('Pulumi.{example}.yaml')); load.load(values, set(secret), 'x'); "
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    sdks = ["pulumi_aws", "pulumi_alicloud"]
    assert [name for name in (*unused, *sdks) if any(m == name or m.startswith(f"{name}.") for m in loaded)] == []
