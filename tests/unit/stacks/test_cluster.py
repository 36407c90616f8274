"""What a cluster says of its StorageClasses, asked over HTTP as the program asks it; and what is said when it cannot be asked."""

import http.server
import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import AccessMode
from guard.classes import Bound
from stacks import cluster
from stacks.classes import NOT_ASKED, Classes, FoundClass
from stacks.settings.classes import ClassSettings
from stacks.settings.cluster import Cluster

CLASSES: dict[str, dict[str, Any]] = {
    "shared": {"provisioner": "shop.cephfs.csi.ceph.com", "parameters": {"fsName": "a"}, "mountOptions": ["noatime"]},
    "lvm": {"provisioner": "topolvm.io"},
    "odd": {"provisioner": "san.example.org"},
}
PREFIX = "/apis/storage.k8s.io/v1/storageclasses/"


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(asked: list[str]) -> Generator[str]:
    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            name = self.path.removeprefix(PREFIX)
            code = 403 if name == "secret" else 200 if name in CLASSES else 404
            body = {"metadata": {"name": name}, **CLASSES.get(name, {})}
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()


def kubeconfig(folder: Path, address: str) -> Cluster:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "wrong",
        "contexts": [
            {"name": "mine", "context": {"cluster": "mine", "user": "me"}},
            {"name": "wrong", "context": {"cluster": "gone", "user": "me"}},
        ],
        "clusters": [
            {"name": "mine", "cluster": {"server": address}},
            {"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}},
        ],
        "users": [{"name": "me", "user": {"token": "t0"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return Cluster.model_validate({"kubeconfig": str(path), "context": "mine"})


def test_classes_are_read_with_the_context_and_the_user_of_the_stack(
    tmp_path: Path, server: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    found = cluster.read(kubeconfig(tmp_path, server), ["shared", "none", "shared"])
    assert found.unread == ""
    assert found.classes == {
        "none": None,
        "shared": FoundClass("shop.cephfs.csi.ceph.com", {"fsName": "a"}, ("noatime",)),
    }
    assert asked == [f"{PREFIX}none Bearer t0", f"{PREFIX}shared Bearer t0"], "each once, and nothing else"


def test_a_right_that_is_missing_is_said_and_the_others_are_read(tmp_path: Path, server: str) -> None:
    found = cluster.read(kubeconfig(tmp_path, server), ["secret", "lvm"])
    assert found.classes == {"lvm": FoundClass("topolvm.io", {}, ())}
    assert found.unread == "the API server answered 403 Forbidden for StorageClass secret"
    facts = Classes(cluster=found).facts("secret")
    assert (facts.known, found.unread in facts.text) == (False, True)


def test_no_kubeconfig_is_no_question() -> None:
    found = cluster.read(Cluster.model_validate({}), ["a"])
    assert (found.classes, found.unread[:16]) == ({}, "kotaemon:cluster")
    assert cluster.read(Cluster.model_validate({}), []) == NOT_ASKED


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "there is no kubeconfig"),
        ("{}", "the cluster could not be asked"),
        ("a: [", "the cluster could not be asked"),
        ("{contexts: [{name: mine, context: {cluster: c}}], clusters: 5}", "the cluster could not be asked"),
    ],
)
def test_a_kubeconfig_that_is_no_use_is_no_traceback(tmp_path: Path, text: str | None, part: str) -> None:
    given = kubeconfig(tmp_path, "http://127.0.0.1:9")
    Path(given.kubeconfig or "").write_text(text) if text is not None else Path(given.kubeconfig or "").unlink()
    assert part in cluster.read(given, ["a"]).unread


def test_a_cluster_that_is_away_is_not_waited_for_long(tmp_path: Path) -> None:
    assert "could not be asked" in cluster.read(kubeconfig(tmp_path, "http://127.0.0.1:9"), ["a"]).unread


def test_a_plugin_that_asks_for_a_password_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS", 0.2)
    held = threading.Event()
    monkeypatch.setattr(cluster, "_ask", lambda *_: held.wait(30))
    found = cluster.read(kubeconfig(tmp_path, "http://127.0.0.1:9"), ["a"])
    held.set()
    assert found.unread == "the cluster did not answer within 0.2 s"


def classes(found: dict[str, FoundClass | None], **said: Any) -> Classes:
    words = {name: ClassSettings.model_validate(value) for name, value in said.items()}
    return Classes(words, cluster.ClusterFacts(found))


def test_the_word_of_the_cluster_goes_first_and_a_contradiction_is_said() -> None:
    known = classes({"fast": FoundClass("topolvm.io")}, fast={"provisioner": "ebs.csi.aws.com"})
    assert known.facts("fast").bound == Bound.NODE
    (line,) = known.contradictions()
    assert line.startswith(
        "kotaemon:storage.classes.fast.provisioner: is 'ebs.csi.aws.com', but the class in the cluster"
    )


def test_words_count_where_the_driver_is_not_in_the_table() -> None:
    san = FoundClass("san.example.org")
    assert not classes({"san": san}).facts("san").known
    said = classes({"san": san}, san={"standsOn": "disk", "boundTo": "zone"}).facts("san", AccessMode.RWO)
    assert (said.known, said.backend, said.bound) == (True, "disk", Bound.ZONE)


def test_words_against_the_table_do_not_count() -> None:
    nfs = classes({"fast": FoundClass("nfs.csi.k8s.io")}, fast={"standsOn": "disk", "boundTo": "zone"})
    assert nfs.facts("fast").backend == "nfs4"
