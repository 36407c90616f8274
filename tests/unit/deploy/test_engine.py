"""What the engine's run is around a program: its folder, its lock, and one clean text for what fails."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
import yaml
from pulumi import automation as auto
from pulumi.automation import CommandResult

from deploy import engine
from deploy.command import Command
from deploy.engine import Failed, Project
from deploy.find import Engine
from deploy.progress import Json
from devcluster import locks
from devcluster.cluster import Cluster
from plan import stack_file
from plan.exits import EXIT_CODES
from tests.unit.deploy.fakes import DEPLOYMENT, program, said, step, urn

SILENT = Json(lambda _: None)
NOBODY: Any = SimpleNamespace(get=lambda _: None)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a `pulumi` that does nothing."""
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    program(tmp_path / "bin", "pulumi", '[ "$1" = version ] && echo v3.999.0; exit 0')
    found = Engine(Command(root=str(tmp_path)), {}, "of the tests")
    return Project(found, "kotaemon", "dev", {"name": "kotaemon", "runtime": "python"}, {"config": {}}, lambda: None)


def ran(made: Project, action: Callable[..., object], **options: object) -> engine.Outcome:
    return engine._run(made, action, NOBODY, SILENT, **options)[1]  # pyright: ignore[reportPrivateUsage]


def failing(*happened: auto.EngineEvent, stderr: str = "") -> Callable[..., object]:
    """In place of `stack.up`: tells these events, then fails as the engine does."""

    def action(on_event: Callable[[object], None], **_: object) -> object:
        for event in happened:
            on_event(event)
        raise auto.CommandError(CommandResult("", stderr, 255))

    return action


def test_an_error_is_said_once_with_its_object(made: Project) -> None:
    events = [
        step("resourcePreEvent", "create", DEPLOYMENT, "a"),
        said("error", "no such class", urn(DEPLOYMENT, "a")),
        said("error", "no such class"),
        said("error", "update failed"),
    ]
    with pytest.raises(Failed) as failed:
        ran(made, failing(*events))
    assert str(failed.value) == "the engine could not finish:\n  - Deployment ns/a: no such class"


def test_a_mistake_of_the_users_is_said_as_the_program_says_it(made: Project) -> None:
    class Refused(pulumi.RunError):
        exit_code = 2

    def mistaken() -> None:
        raise Refused("kotaemon:storage: no")

    def action(**_: object) -> object:
        made.program = mistaken
        with pytest.raises(pulumi.RunError):
            made._run()  # pyright: ignore[reportPrivateUsage]
        raise auto.CommandError(CommandResult("", "error: kotaemon:storage: no\nerror: kotaemon:storage: no", 255))

    with pytest.raises(Refused, match=r"^kotaemon:storage: no$") as refused:
        ran(made, action)
    assert refused.value.exit_code == 2
    assert "2 refused by the guard" in EXIT_CODES


def test_what_fails_before_the_program_is_said_without_the_command_lines_frame(made: Project) -> None:
    with pytest.raises(Failed) as failed:
        ran(made, failing(stderr="Previewing\nerror: incorrect passphrase\n"))
    assert str(failed.value) == "the engine could not finish:\n  - error: incorrect passphrase"


def test_what_was_done_is_counted_and_named(made: Project) -> None:
    def action(on_event: Callable[[object], None], **_: object) -> object:
        on_event(step("resOutputsEvent", "create", DEPLOYMENT, "a"))
        return "result"

    outcome = ran(made, action)
    assert (outcome.did, outcome.counts, outcome.nothing_changed) == (["created Deployment ns/a"], {"create": 1}, False)


def test_the_cache_holds_the_configuration_and_keeps_the_engines_salt(made: Project) -> None:
    made.open()
    assert yaml.safe_load(made.file.read_text()) == {"config": {}}
    made.file.write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    made.open()
    assert yaml.safe_load(made.file.read_text()) == {"encryptionsalt": "v1:abc", "config": {}}


def test_the_generated_passphrase_stays_and_is_the_owners_alone(made: Project) -> None:
    made.open()
    file = engine.home() / "passphrase"
    before = file.read_text()
    made.open()
    assert file.read_text() == before
    assert len(before) > 30
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_passphrase_of_the_users_own_is_used(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    made.open()
    assert not (engine.home() / "passphrase").exists()


def test_two_commands_do_not_run_one_stack(made: Project) -> None:
    made.folder.mkdir(parents=True)
    held = locks.take(made.folder / "run.lock", 0)
    assert held is not None
    with pytest.raises(Failed, match=rf"another command runs stack dev now \(process {os.getpid()}\)"):
        engine.up(made, NOBODY, SILENT)
    os.close(held)


def test_the_program_is_the_file_that_pulumi_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    (tmp_path / "__main__.py").write_text("open('ran', 'w').write(__name__)")
    monkeypatch.chdir(tmp_path)
    engine.main_program()
    assert (tmp_path / "ran").read_text() == "__main__"


def test_the_stack_file_is_run_on_the_devcluster_and_not_written_to(made: Project, project: Path) -> None:
    text = (Path(__file__).parents[3] / "Pulumi.dev.yaml").read_text()
    (project / "Pulumi.dev.yaml").write_text(text)
    file = stack_file.read("dev", project)
    cluster = Cluster("dev", file.settings.platform)
    ours = Project.of(made.engine, file, cluster)
    ours.open()
    written = yaml.safe_load(ours.file.read_text())["config"]["kotaemon:cluster"]
    assert written["kubeconfig"] == str(cluster.kubeconfig)
    assert written["zones"] == ["zone-a", "zone-b", "zone-c"], "what the file says of the cluster stays"
    assert (project / "Pulumi.dev.yaml").read_text() == text
    assert sorted(os.listdir(project)) == ["Pulumi.dev.yaml", "Pulumi.yaml", "bin", "cache"]


def test_nothing_of_the_stack_is_left_once_it_is_forgotten(made: Project) -> None:
    made.open()
    backend = engine.state() / ".pulumi"
    left = [
        engine.checkpoint("kotaemon", "dev"),
        engine.checkpoint("kotaemon", "dev").with_name("dev.json.attrs"),
        engine.locks_of("kotaemon", "dev") / "a.json",
        backend / "history" / "kotaemon" / "dev" / "dev-1.history.json",
        backend / "backups" / "kotaemon" / "dev" / "dev.1.json",
    ]
    other = engine.checkpoint("kotaemon", "dev2")
    for file in (*left, other):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    engine.forget("kotaemon", "dev")
    assert [file for file in left if file.exists()] == []
    assert other.exists()
    assert not made.folder.exists()
