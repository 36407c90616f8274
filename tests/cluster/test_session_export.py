"""The sessions of a pod on a real node as files, and back, with the sidecar as it will run. The application is a
stand-in, so the table of its conversations is made here."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES

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
    need_real_nodes()
    settings = {"sessionExport": {"lagSeconds": 3}}
    file = stacks.write(tmp_path_factory.mktemp(NAME), NAME, {"disk": DISK, "files": FILES}, **settings)
    with brought_up(file) as made:
        yield made


def test_a_talk_becomes_a_file_and_comes_back(site: Site) -> None:
    assert site.python("-c", TALK) == ""
    found: dict[str, Any] = {}

    def exported() -> bool:
        mode, uid, *text = site.python("-c", READ).split(maxsplit=2)
        if mode != "0o100600":
            return False
        found.update({"uid": uid, **json.loads(text[0])})
        return True

    wait("the talk is a file", exported, 30)
    assert (found["uid"], found["conversations"][0]["data_source"]) == ("1001", {"messages": [["q", "a"]]})
    assert site.python("-c", LOSE) == ""
    wait("the file follows", lambda: '"rivers"' not in site.python("-c", READ), 30)


def test_a_lost_database_is_filled_again_while_it_serves(site: Site) -> None:
    text = json.dumps(
        {
            "format": "kotaemon.dev/sessions/1",
            "user": {"id": "u1", "username": None},
            "conversations": [{"id": "c2", "name": "lakes", "user": "u1", "data_source": {"messages": []}}],
        }
    )
    assert site.python("-c", f"import os; os.mkdir('/tmp/x'); open('/tmp/x/u1.json', 'w').write({text!r})") == ""
    assert "1 added" in site.python("/etc/kotaemon/sessions_import.py", "--folder", "/tmp/x", "--all")
    assert site.python("-c", COUNT).strip() == "(1, 'lakes')"
    wait("the export follows", lambda: '"lakes"' in site.python("-c", READ), 30)
