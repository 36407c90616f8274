"""The sessions of a pod on a real node as files, and back, with the sidecar as it will run. The application is a
stand-in, so the table of its conversations is made here."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api
from kubernetes.stream import stream

from components.pod.names import PYTHON
from deploy import up
from devcluster import node_kinds
from drills.real import why_not
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.single_writer import ready_pods
from tests.cluster.stacks import DISK, FILES
from tests.cluster.test_page import Site

pytestmark = pytest.mark.long
NAME = "talks"
TALK = """
import sqlite3
found = sqlite3.connect("/data/sessions/sql.db", timeout=10)
found.execute('CREATE TABLE conversation (id VARCHAR PRIMARY KEY, name VARCHAR, user VARCHAR, data_source JSON)')
found.execute("INSERT INTO conversation VALUES ('c1', 'rivers', 'u1', '{\\"messages\\": [[\\"q\\", \\"a\\"]]}')")
found.commit()
"""
READ = "import os, sys; p = '/data/eval/sessions/u1.json'; print(oct(os.stat(p).st_mode), os.stat(p).st_uid, open(p).read())"
LOSE = "import sqlite3; c = sqlite3.connect('/data/sessions/sql.db', timeout=10); c.execute('DELETE FROM conversation'); c.commit()"
COUNT = "import sqlite3; print(sqlite3.connect('/data/sessions/sql.db').execute('SELECT count(*), max(name) FROM conversation').fetchone())"


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(node_kinds.VARIABLE, "auto")
        settings = {"sessionExport": {"lagSeconds": 3}}
        made = Site(stacks.write(tmp_path_factory.mktemp(NAME), NAME, {"disk": DISK, "files": FILES}, **settings))
        try:
            made.run(up.up)
            yield made
        finally:
            made.cluster.stop()


def run(site: Site, *words: str) -> str:
    """What the Python of the application's container prints."""
    space = site.file.settings.namespace
    (pod,) = ready_pods(site.cluster.api(), space)
    said: str = stream(
        CoreV1Api(site.cluster.api()).connect_get_namespaced_pod_exec,
        pod.metadata.name,
        space,
        container="kotaemon",
        command=[PYTHON, *words],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    return said


def test_a_talk_becomes_a_file_and_comes_back(site: Site) -> None:
    assert run(site, "-c", TALK) == ""
    found: dict[str, Any] = {}

    def exported() -> bool:
        mode, uid, *text = run(site, "-c", READ).split(maxsplit=2)
        if mode != "0o100600":
            return False
        found.update({"uid": uid, **json.loads(text[0])})
        return True

    wait("the talk is a file", exported, 30)
    assert (found["uid"], found["conversations"][0]["data_source"]) == ("1001", {"messages": [["q", "a"]]})
    assert run(site, "-c", LOSE) == ""
    wait("the file follows", lambda: '"rivers"' not in run(site, "-c", READ), 30)


def test_a_lost_database_is_filled_again_while_it_serves(site: Site) -> None:
    text = json.dumps(
        {
            "format": "kotaemon.dev/sessions/1",
            "user": {"id": "u1", "username": None},
            "conversations": [{"id": "c2", "name": "lakes", "user": "u1", "data_source": {"messages": []}}],
        }
    )
    assert run(site, "-c", f"import os; os.mkdir('/tmp/x'); open('/tmp/x/u1.json', 'w').write({text!r})") == ""
    assert "1 added" in run(site, "/etc/kotaemon/sessions_import.py", "--folder", "/tmp/x", "--all")
    assert run(site, "-c", COUNT).strip() == "(1, 'lakes')"
    wait("the export follows", lambda: '"lakes"' in run(site, "-c", READ), 30)
