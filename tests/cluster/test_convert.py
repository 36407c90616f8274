"""`make convert` on real nodes, there and back: its Job runs all of its converters in a pod of the application, and the pod
of the other profile reads what they have brought.

PostgreSQL is this machine's own server in an image under the name of the official one, run by the stack's own bundled
store; SQLite, psycopg2 and SQLAlchemy are real as well. The application's own packages are in no registry here: Chroma,
LanceDB and the client of Qdrant are the stand-ins of the converters' unit tests, which keep vectors and texts in files, and
the application is the stand-in of `make up`. The tests follow each other, in this order.
"""

import io
import json
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Generator
from importlib.metadata import files as files_of
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import AppsV1Api, BatchV1Api
from rich.console import Console

from components.pod.names import PYTHON
from components.state.postgres import POSTGRES_IMAGE
from deploy import up
from deploy.kube import Kube
from deploy.move.command import convert
from deploy.stand_in.pod_process import APPLICATION
from devcluster.real import images, layout, share
from plan import stack_file
from stacks.moving.job import Folder, job
from stacks.safety import RefusedByGuard
from tests.cluster import postgres_image, stacks
from tests.cluster.objects import wait
from tests.cluster.single_writer import application_pods
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.unit.components.kotaemon.runtime.convert.test_from_docker import SINGLE, options
from tests.unit.components.kotaemon.runtime.convert.volume import Volume
from tests.unit.pod_user import UID

pytestmark = pytest.mark.long
NAME = "converted"
ON_DISK = ("indexes", "sessions")
SHARED = ("models", "uploads", "logs", "eval")
VECTORS = {"VECTOR_SERVER": "/data/indexes/server.json"}
"""Where the stand-ins keep what the vector server has."""
PAGE = {"DRILL_DATABASE": "/data/uploads/turns.db"}
"""Where the stand-in keeps in the profile scaled what is written on the page; with one writer it is in SQLite's file."""
PORT = 6333
STORES: dict[str, Any] = {
    "database": {"kind": "bundled", "storageClass": "dev-block", "size": "1Gi", "driver": "image", "backup": None},
    "vectorStore": {
        "kind": "qdrant",
        "url": f"http://qdrant:{PORT}",
        "apiKey": "of-the-tests",
        "endpoint": {"cidr": "10.0.0.0/8", "port": PORT},
    },
}
SEED = """
import sqlite3, tarfile
with tarfile.open("/data/uploads/seed.tar") as found:
    found.extractall("/data", [m for m in found if m.name.startswith(("indexes/", "uploads/"))], filter="data")
    text = found.extractfile("sessions.sql").read().decode()
database = sqlite3.connect("/data/sessions/sql.db", timeout=30)
database.executescript(text)
"""
"""Puts the data of a `docker run` beside what the stand-in has written itself."""
ASK = """
import json, os, sqlalchemy
with sqlalchemy.create_engine(os.environ["KH_DATABASE"].replace("postgresql:", "postgresql+psycopg2:")).begin() as found:
    print(json.dumps([[str(cell) for cell in row] for row in found.exec_driver_sql({question!r})]))
"""
ASK_FILE = """
import json, sqlite3
print(json.dumps(sqlite3.connect("/data/sessions/sql.db").execute({question!r}).fetchall()))
"""
TALKS = "SELECT id, name FROM conversation ORDER BY id"
LATER = """INSERT INTO conversation (id, name, "user", is_public, data_source, date_created, date_updated)
VALUES ('c2', 'lakes', 'u1', false, '{}', now(), now()) RETURNING id"""


def answering(image: str) -> Generator[dict[str, Any]]:
    """What answers at the vector server's address, which pods wait for before they start; nobody reads what it says."""
    labels, named = {"app": "qdrant"}, {"name": "qdrant", "namespace": NAME}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named,
        "spec": {"selector": labels, "ports": [{"port": PORT}]},
    }
    nobody = {"runAsUser": UID, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {
        "name": "answers",
        "image": image,
        "command": [PYTHON, "-m", "http.server", str(PORT), "-d", "/tmp"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**named, "labels": labels},
        "spec": {"automountServiceAccountToken": False, "securityContext": nobody, "containers": [container]},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(NAME)


@pytest.fixture(scope="module")
def volume(folder: Path) -> Volume:
    """The data of a `docker run`, as a stack of one writer has it."""
    made = Volume(folder / "volume")
    made.done("from_docker.py", *options(made), **SINGLE)
    return made


@pytest.fixture(scope="module")
def site(own_cache: Path, folder: Path, volume: Volume) -> Generator[Site]:
    need_real_nodes()
    server = postgres_image.made(folder)
    with brought_up(single(folder, "disk"), lambda made: made.cluster.load_image(server, POSTGRES_IMAGE)) as made:
        # After the first start, which makes its own stand-in of the application; pods take this one from now on.
        made.cluster.load_image(application(folder, volume), made.file.settings.image)
        kube = Kube(made.cluster.api(), folder / "discovery.json")
        for one in answering(made.file.settings.image):
            kube.apply(one)
        yield made


def application(folder: Path, volume: Volume) -> Path:
    """The stand-in application with a real database driver, and with stand-ins for what else the converters import."""
    packages = shutil.copytree(volume.fakes, folder / "packages")
    for name in ("SQLAlchemy", "psycopg2-binary", "typing_extensions"):
        for one in files_of(name) or []:
            if one.suffix != ".pyc" and ".." not in one.parts:
                target = packages / one
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(one.locate(), target)
    return images.application(folder / "application.tar", APPLICATION, PYTHON, packages=packages)


def single(folder: Path, disk: str, **more: Any) -> stack_file.StackFile:
    """The stack of one writer with databases and indexes on this disk."""
    claims: dict[str, Any] = {"files": FILES, "disk": DISK, disk: DISK}
    places = {role: {"claim": disk} for role in ON_DISK} | {role: {"claim": "files"} for role in SHARED}
    return stacks.write(folder, NAME, {}, storage={"claims": claims, "roles": places}, env=VECTORS, **more)


def scaled(folder: Path, *disks: str, **more: Any) -> stack_file.StackFile:
    """The stack of several pods, with disks that hold no role."""
    claims: dict[str, Any] = {"files": FILES, **dict.fromkeys(disks, DISK)}
    places = {role: {"claim": "files"} for role in ("indexes", *SHARED)}
    storage = {"claims": claims, "roles": places}
    return stacks.write(folder, NAME, {}, profile="scaled", storage=storage, stores=STORES, env=VECTORS | PAGE, **more)


def refusal(file: stack_file.StackFile) -> str:
    """What a refused `up` says."""
    with pytest.raises(RefusedByGuard) as refused:
        up.up(file, up.Ways.people(Console(file=io.StringIO(), width=1000)))
    return str(refused.value)


def moved(said: str) -> dict[str, Any]:
    """The lines of `kotaemon:moved` that a refusal prints."""
    lines = [line for line in said.splitlines() if re.match(r" {6}\w+: \{from: ", line)]
    return yaml.safe_load("\n".join(lines))


def stop(site: Site) -> None:
    api = site.cluster.api()
    AppsV1Api(api).patch_namespaced_deployment_scale("kotaemon", NAME, {"spec": {"replicas": 0}})
    wait("the pods are gone", lambda: not application_pods(api, NAME), 120)


def copied(site: Site, old: str, new: str, *folders: str) -> None:
    """The Job of the runbook, which copies folders while the application is stopped."""
    api = site.cluster.api()
    deployment: Any = AppsV1Api(api).read_namespaced_deployment("kotaemon", NAME, _preload_content=False)
    body: Any = job(json.loads(deployment.data), old, new, [Folder(one, one) for one in folders])
    made: Any = BatchV1Api(api).create_namespaced_job(NAME, body)
    name: str = made.metadata.name

    def ended() -> bool:
        status: Any = BatchV1Api(api).read_namespaced_job_status(name, NAME).status
        assert not status.failed, f"{name} failed"
        return bool(status.succeeded)

    wait(f"{name} ends", ended, 300)


def converted(site: Site, claim: str, to: str, *, aside: bool = False) -> str:
    """`make convert`; what it printed."""
    out = io.StringIO()
    ways = up.Ways.people(Console(file=out, width=1000))
    assert convert(site.file, claim, to, ways, aside=aside, back=False) == 0, out.getvalue()
    return out.getvalue()


def asked(site: Site, question: str, words: str = ASK) -> list[list[str]]:
    """What the database answers to the application's own pod."""
    said = site.python("-c", words.format(question=question))
    return json.loads(said.splitlines()[-1])


def vectors(site: Site, path: str) -> Any:
    return json.loads(site.python("-c", f"print(open({path!r}).read())"))["index_1"]


def as_in_a_pod(volume: Volume, folder: Path) -> Path:
    """A copy of the volume's data, whose paths are those of a pod."""
    made = shutil.copytree(volume.data, folder / "as-in-a-pod")
    for table in made.rglob("*.lance"):
        with sqlite3.connect(table) as rows:
            rows.execute("UPDATE t SET attributes = replace(attributes, ?, '/data')", (str(volume.data),))
    return made


def test_one_writer_has_data(site: Site, volume: Volume, folder: Path) -> None:
    data = as_in_a_pod(volume, folder)
    shared = share.folder(layout.shares(site.cluster.directory), f"{FILES['server']}:{FILES['path']}")
    seed = shared / "uploads/seed.tar"
    with tarfile.open(seed, "w") as out:
        for role in ("indexes", "uploads"):
            out.add(data / role, role)
        with sqlite3.connect(data / "sessions/sql.db") as database:
            text = "\n".join(database.iterdump()).replace(str(volume.data), "/data").encode()
        info = tarfile.TarInfo("sessions.sql")
        info.size = len(text)
        out.addfile(info, io.BytesIO(text))
    shutil.chown(seed, UID, UID)
    assert site.python("-c", SEED) == ""
    assert asked(site, TALKS, ASK_FILE) == [["c1", "Flüsse 江河"]]
    assert "written by one writer" in site.store("written by one writer")


def test_files_become_rows_and_points_that_the_pods_of_the_other_profile_read(site: Site, folder: Path) -> None:
    said = refusal(scaled(folder, "disk"))
    assert f"`make convert STACK={NAME} CLAIM=kotaemon-disk ASIDE=1`" in said
    stop(site)
    copied(site, "kotaemon-disk", "kotaemon-files", "indexes")
    site.file = scaled(folder, "disk", moved=moved(said))
    site.run(up.up)
    said = converted(site, "kotaemon-disk", "scaled", aside=True)
    assert "everything is converted and compared" in said
    assert re.search(r"the application runs on the stores: \d+ seconds without service", said)
    assert asked(site, TALKS) == [["c1", "Flüsse 江河"]]
    assert asked(site, "SELECT text FROM notes") == [["written by one writer"]]
    assert asked(site, "SHOW server_version_num")[0][0][:2] == postgres_image.version()
    assert sorted(vectors(site, VECTORS["VECTOR_SERVER"])) == ["chunk-0", "chunk-1", "chunk-2"]


def test_rows_and_points_become_files_again(site: Site, folder: Path) -> None:
    assert asked(site, LATER) == [["c2"]]
    site.file = scaled(folder, "disk", "second", released=["stores.database"])
    site.run(up.up)
    said = converted(site, "kotaemon-second", "single-writer")
    assert "the files are on the disk, and the application is stopped" in said
    copied(site, "kotaemon-files", "kotaemon-second", "indexes/files", "indexes/docstore")
    said = refusal(single(folder, "second"))
    site.file = single(folder, "second", moved=moved(said))
    site.run(up.up)
    assert asked(site, TALKS, ASK_FILE) == [["c1", "Flüsse 江河"], ["c2", "lakes"]]
    assert asked(site, "SELECT text FROM notes", ASK_FILE) == [["written by one writer"]]
    assert [row["id"] for row in vectors(site, "/data/indexes/vectorstore/chroma.sqlite3")] == [
        "chunk-0",
        "chunk-1",
        "chunk-2",
    ]
    assert "written by one writer" in site.page()
