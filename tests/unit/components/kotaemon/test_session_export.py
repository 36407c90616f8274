"""The sidecar that exports the sessions: what it may read and write, and when there is none."""

from typing import Any

import pytest

from components.contract import Claim, Medium, Role, RoleMount
from components.kotaemon import session_export
from components.kotaemon.application import Application
from components.kotaemon.args import SessionExport
from guard.pod_security import restricted_violations
from tests.unit.components.kotaemon.samples import FILES, scaled, single
from tests.unit.components.kotaemon.test_pod import container, mounts, pod

WITH: dict[str, Any] = {"session_export": SessionExport(lag_seconds=20)}


def test_without_the_setting_there_is_none() -> None:
    for app in (single(), scaled()):
        names = [one["name"] for one in pod(app).get("initContainers", ())]
        assert "session-export" not in names
        assert session_export.mistakes(app) == []


def test_the_sidecar_of_a_single_writer_reads_sqlite_and_writes_to_eval() -> None:
    app = single(**WITH)
    found = container(app, "session-export")
    assert found["restartPolicy"] == "Always"
    assert mounts(found)["/data/sessions"]["readOnly"] is True
    assert mounts(found)["/data/eval"]["readOnly"] is False
    assert set(mounts(found)) == {"/etc/kotaemon", "/tmp", "/data/sessions", "/data/eval"}
    env = {one["name"]: one.get("value") for one in found["env"]}
    assert (env["KS_EXPORT_DIR"], env["KS_EXPORT_SECONDS"]) == ("/data/eval/sessions", "20")
    assert "KH_DATABASE" not in env
    assert restricted_violations(pod(app)) == []


def test_the_sidecar_of_many_pods_reads_postgresql() -> None:
    app = scaled(**WITH)
    found = container(app, "session-export")
    secret = next(one for one in found["env"] if one["name"] == "KH_DATABASE")
    assert "secretKeyRef" in secret["valueFrom"]
    assert set(mounts(found)) == {"/etc/kotaemon", "/tmp", "/deps", "/data/eval"}


def test_its_files_are_in_the_runtime_map_only_with_the_setting() -> None:
    assert list(session_export.files()) == ["sessions_database.py", "sessions_export.py", "sessions_import.py"]


def with_eval(mount: RoleMount | None) -> Application:
    storage = {role.value: place for role, place in single().mounts.items()}
    if mount is None:
        del storage[Role.EVAL.value]
    else:
        storage[Role.EVAL.value] = mount
    return single(storage=storage, **WITH)


BUCKET: Claim = {**FILES, "medium": Medium.OBJECT, "name": "cold"}


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (with_eval(None), "session_export: needs the role eval"),
        (with_eval({"claim": FILES, "sub_path": "eval", "read_only": True}), "the role eval is read-only"),
        (with_eval({"claim": BUCKET, "sub_path": "eval", "read_only": False}), "the role eval is on cold, a bucket"),
        (single(session_export=SessionExport(lag_seconds=0)), "session_export.lag_seconds: 0 is not allowed"),
    ],
)
def test_what_it_needs(app: Application, why: str) -> None:
    (said,) = session_export.mistakes(app)
    assert why in said
