"""`make convert`: stops, converts in a Job of the living Deployment, starts again; killed at every call, it goes on.

What the converters do with data is in tests/unit/components/kotaemon/runtime/convert; here the Job only succeeds or fails.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.kube import Manifest
from deploy.move.cluster import MANAGER, Cluster, JobFailed
from deploy.move.profile import Change
from plan.exits import UserError
from stacks.moving.state import Step
from tests.unit.deploy.move.house import Died, House


class Converting(House):
    """A house whose conversions only end, with a code."""

    code = 0

    def _attempt(self, job: str, attempt: int, spec: Manifest) -> list[dict[str, Any]]:
        assert not [key for key in self.objects if key[0] == "Pod" and key[1].startswith("app-")], "nobody writes"
        (container,) = spec["containers"]
        self.command, self.security = container["command"], spec["securityContext"]
        ended = {"exitCode": self.code, "message": "a table differs"}
        return [{"name": "convert", "state": {"terminated": ended}}]


def house(tmp_path: Path, profile: str = "scaled") -> Converting:
    made = Converting(tmp_path, "profile", ("files", "uploads"))
    container = made.live["spec"]["template"]["spec"]["containers"][0]
    container |= {"env": [{"name": "KS_PROFILE", "value": profile}], "command": ["/app/.venv/bin/python", "launch.py"]}
    made.live["spec"]["replicas"] = 3
    made.add_claim("disk")
    made.claim_folder("files").joinpath("uploads").mkdir()
    made._changed(made.live)
    return made


def change(made: House, to: str = "scaled", say: Callable[[str], None] = print) -> Change:
    return Change(Cluster(made, "kotaemon", say, pause=0.0), "disk", to, say, lambda: 0.0)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """These pods write nothing."""
    monkeypatch.setattr("tests.unit.deploy.move.house.Writer.start", lambda *_: None)


def test_to_the_stores_and_running_again(tmp_path: Path) -> None:
    made = house(tmp_path)
    said: list[str] = []
    assert change(made, say=said.append).run().step == Step.DONE
    assert made.live["spec"]["replicas"] == 3
    assert made.command[1:] == ["/etc/kotaemon-convert/change_profile.py", "--to", "scaled"]
    assert any("seconds without service" in line for line in said)
    assert "postgres_to_sqlite.py" in made.objects["ConfigMap", "kotaemon-convert"]["data"]
    assert MANAGER not in str(made.live["metadata"].get("managedFields"))


def test_back_into_files_it_stays_stopped_until_the_stack_file_says_so(tmp_path: Path) -> None:
    made = house(tmp_path)
    assert change(made, "single-writer").run().step == Step.COPIED
    assert made.live["spec"]["replicas"] == 0
    assert change(made, "single-writer").back().step == Step.BACK
    assert made.live["spec"]["replicas"] == 3


@pytest.mark.parametrize("new_disk", [True, False])
def test_a_new_disk_is_given_to_the_group_of_the_pod(tmp_path: Path, new_disk: bool) -> None:
    made = house(tmp_path)
    pod = made.live["spec"]["template"]["spec"]
    pod["securityContext"] = {"runAsUser": 1001, "runAsGroup": 1001}
    replace(change(made, "single-writer"), new_disk=new_disk).run()
    assert made.security.get("fsGroup") == (1001 if new_disk else None)


def test_a_conversion_that_fails_leaves_nobody_without_the_application(tmp_path: Path) -> None:
    made = house(tmp_path)
    made.code = 78
    with pytest.raises(JobFailed, match="a table differs"):
        change(made).run()
    assert made.live["spec"]["replicas"] == 3
    made.code = 0
    assert change(made).run().step == Step.DONE


def test_killed_at_every_call_and_run_again(tmp_path: Path) -> None:
    first = house(tmp_path / "first")
    change(first).run()
    for number in range(1, first.calls + 1):
        made = house(tmp_path / str(number))
        made.die_at = number
        with pytest.raises(Died):
            change(made).run()
        assert change(made).run().step == Step.DONE, number
        assert made.live["spec"]["replicas"] == 3, number


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="runs in the profile single-writer: bring the profile scaled up first"):
        change(house(tmp_path / "a", "single-writer")).run()
    made = house(tmp_path / "b")
    del made.objects["PersistentVolumeClaim", "disk"]
    with pytest.raises(UserError, match="there is no PersistentVolumeClaim disk"):
        change(made).run()
    assert made.live["spec"]["replicas"] == 3
