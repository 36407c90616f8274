"""The guard at the start of a program."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime.mocks import MockResourceArgs

from plan import stack_file
from plan.recorder import Echo, Run
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError

RunProgram = Callable[..., Run]
NOLOCK = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv", "mountOptions": ["nolock"], "allowNolock": True}


class Counting(Echo):
    """Keeps the name of each resource that the program makes."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.made.append(args.name)
        return super().new_resource(args)


def program(folder: Path, **settings: Any) -> stack_file.StackFile:
    ours = {"platform": "private", "storage": {"claims": {"files": NOLOCK}}, **settings}
    (folder / "Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}))
    return stack_file.read("x", folder)


def test_nothing_is_registered_when_the_guard_refuses(pulumi_run: RunProgram, tmp_path: Path) -> None:
    file = program(tmp_path)
    resources = Counting()
    with pytest.raises(RefusedByGuard) as refused:
        pulumi_run(file.program, resources, stack="x", config=file.config)
    assert resources.made == []
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith("Pulumi.x.yaml: refused by the guard for 2 reasons, nothing was created:\n")
    assert "kotaemon:overrides.sqlite-on-node-local-locks: <your reason>" in str(refused.value)


def test_an_override_is_told_on_every_run_and_exported(pulumi_run: RunProgram, tmp_path: Path) -> None:
    reasons = {"sqlite-on-node-local-locks": "a test", "chroma-on-node-local-locks": "a test"}
    file = program(tmp_path, overrides=reasons)
    done = pulumi_run(file.program, stack="x", config=file.config)
    assert done.outputs["overrides"].value == reasons
    assert sum(w.startswith("overridden: ") and w.endswith("(reason given: a test)") for w in done.warnings) == 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"sqlite-on-node-local-lock": "x"},
            "kotaemon:overrides.sqlite-on-node-local-lock: unknown rule; did you mean",
        ),
        ({"*": "x"}, "kotaemon:overrides.*: an override names one rule; there are no wildcards"),
        ({"sqlite-many-writers": "x"}, "kotaemon:overrides.sqlite-many-writers: cannot be overridden; instead: "),
        ({"sqlite-on-node-local-locks": " "}, "give the reason as its value"),
    ],
)
def test_an_override_that_cannot_be_is_an_error_of_the_stack_file(
    tmp_path: Path, overrides: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as error:
        program(tmp_path, overrides=overrides)
    assert message in str(error.value)
