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
from guard.namespace import Namespace, PriorityScope, Quota
from stacks import cluster
from stacks.classes import Classes
from stacks.cluster_facts import ClusterFacts, FoundClass, Wanted
from stacks.settings.classes import ClassSettings
from stacks.settings.cluster import Cluster

PREFIX = "/apis/storage.k8s.io/v1/storageclasses/"
DRIVERS = "/apis/storage.k8s.io/v1/csidrivers/"
DAEMONS = "/apis/apps/v1/namespaces/kube-system/daemonsets/efs-csi-node"
PROFILES = "/apis/cdi.kubevirt.io/v1beta1/storageprofiles/"
HERE = "/api/v1/namespaces/rag"
QUOTAS = {
    "items": [
        {"metadata": {"name": "team"}, "spec": {"hard": {"pods": "4"}}, "status": {"used": {"pods": "1"}}},
        {"metadata": {"name": "short"}, "spec": {"hard": {"pods": "1"}, "scopes": ["Terminating"]}},
        {
            "metadata": {"name": "high"},
            "spec": {
                "hard": {"pods": "1"},
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high", "urgent"]}]
                },
            },
        },
        {"metadata": {"name": "any"}, "spec": {"hard": {"pods": "2"}, "scopes": ["PriorityClass"]}},
    ]
}
SEVERAL = {
    "items": [
        {
            "metadata": {"name": "all-teams"},
            "spec": {"quota": {"hard": {"requests.cpu": "40"}}, "selector": {"labels": {}}},
            "status": {"total": {"used": {"requests.cpu": "39"}}, "namespaces": []},
        }
    ]
}
MESHED = "/api/v1/namespaces/meshed"
ANSWERS: dict[str, Any] = {
    "/version/": {"major": "1", "minor": "33", "gitVersion": "v1.33.4-eks-1"},
    f"{PREFIX}shared": {
        "provisioner": "shop.cephfs.csi.ceph.com",
        "parameters": {"fsName": "a"},
        "mountOptions": ["noatime"],
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    },
    f"{PREFIX}lvm": {"provisioner": "topolvm.io", "volumeBindingMode": "Immediate"},
    f"{PREFIX}odd": {"provisioner": "san.example.org"},
    f"{PREFIX}vm": {"provisioner": "san.example.org"},
    f"{PROFILES}vm": {
        "status": {
            "claimPropertySets": [
                {"accessModes": ["ReadWriteMany"], "volumeMode": "Block"},
                {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"},
            ]
        }
    },
    f"{DRIVERS}ebs.csi.aws.com": {},
    f"{DRIVERS}efs.csi.aws.com": {},
    DAEMONS: {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {"name": "liveness-probe", "image": "example.org/probe:v9.0.0"},
                        {"name": "efs-plugin", "image": "example.org:5000/efs:v3.1.0@sha256:abc"},
                    ]
                }
            }
        }
    },
    HERE: {
        "metadata": {
            "labels": {"pod-security.kubernetes.io/enforce": "baseline"},
            "annotations": {
                "openshift.io/sa.scc.uid-range": "1000680000/10000",
                "openshift.io/sa.scc.supplemental-groups": "1000680000/10000",
            },
        }
    },
    f"{HERE}/persistentvolumeclaims/used": {"status": {"phase": "Bound"}},
    f"{HERE}/persistentvolumeclaims/spare": {"status": {"phase": "Pending"}},
    f"{HERE}/resourcequotas": QUOTAS,
    "/apis/quota.openshift.io/v1/namespaces/rag/appliedclusterresourcequotas": SEVERAL,
    MESHED: {"metadata": {"labels": {"istio-injection": "enabled"}, "deletionTimestamp": "2026-11-29T20:00:00Z"}},
    f"{HERE}/limitranges": {"items": [{"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}}]},
}
"""Path -> body. Every other path is answered with 404, and those of REFUSED with 403."""
REFUSED = (
    f"{DRIVERS}closed.csi.example.org",
    f"{PREFIX}secret",
    "/api/v1/namespaces/closed",
    "/api/v1/namespaces/closed/resourcequotas",
)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(asked: list[str]) -> Generator[str]:
    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            self.send_response(403 if self.path in REFUSED else 200 if self.path in ANSWERS else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(ANSWERS.get(self.path, {})).encode())

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
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(("none", "shared")))
    assert found.unread == ""
    assert found.classes == {
        "none": None,
        "shared": FoundClass("shop.cephfs.csi.ceph.com", {"fsName": "a"}, ("noatime",)),
    }
    assert asked == [f"{path} Bearer t0" for path in ("/version/", f"{PREFIX}none", f"{PREFIX}shared")], "nothing else"
    assert (found.version, found.gaps) == ("v1.33.4-eks-1", ())


def test_a_right_that_is_missing_is_said_and_the_others_are_read(tmp_path: Path, server: str) -> None:
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(("secret", "lvm")))
    assert found.classes == {"lvm": FoundClass("topolvm.io", expands=False, at_once=True)}
    assert found.unread == "the API server answered 403 Forbidden for StorageClass secret"
    facts = Classes(cluster=found).facts("secret")
    assert (facts.known, found.unread in facts.text) == (False, True)


def test_no_kubeconfig_is_no_question() -> None:
    found = cluster.read(Cluster.model_validate({}), Wanted(("a",)))
    assert (found.classes, found.unread[:16]) == ({}, "kotaemon:cluster")
    assert found.gaps == (f"its version, and what its namespace admits: {found.unread}",)


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
    assert part in cluster.read(given, Wanted(("a",))).unread


def test_a_cluster_that_is_away_is_not_waited_for_long(tmp_path: Path) -> None:
    assert "could not be asked" in cluster.read(kubeconfig(tmp_path, "http://127.0.0.1:9"), Wanted(("a",))).unread


def test_a_plugin_that_asks_for_a_password_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS", 0.2)
    held = threading.Event()
    monkeypatch.setattr(cluster, "_ask", lambda *_: held.wait(30))
    found = cluster.read(kubeconfig(tmp_path, "http://127.0.0.1:9"), Wanted(("a",)))
    held.set()
    assert found.unread == "the cluster did not answer within 0.2 s"


def classes(found: dict[str, FoundClass | None], **said: Any) -> Classes:
    words = {name: ClassSettings.model_validate(value) for name, value in said.items()}
    return Classes(words, ClusterFacts(found))


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


def test_the_namespace_is_read_with_its_quotas_limits_level_and_ranges(tmp_path: Path, server: str) -> None:
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(namespace="rag"))
    assert found.namespace == Namespace(
        name="rag",
        level="baseline",
        quotas=(
            Quota("team", {"pods": "4"}, {"pods": "1"}),
            Quota("short", {"pods": "1"}, scopes=("Terminating",)),
            Quota("high", {"pods": "1"}, priorities=(PriorityScope("In", ("high", "urgent")),)),
            Quota("any", {"pods": "2"}, priorities=(PriorityScope("Exists"),)),
            Quota("all-teams (over several namespaces)", {"requests.cpu": "40"}, {"requests.cpu": "39"}),
        ),
        limits=({"type": "Container", "default": {"cpu": "1"}},),
        uids="1000680000/10000",
        groups="1000680000/10000",
    )
    assert (found.namespace_missing, found.gaps) == (False, ())


def test_a_namespace_that_is_being_deleted_and_has_a_mesh(tmp_path: Path, server: str, asked: list[str]) -> None:
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(namespace="meshed"))
    assert found.namespace == Namespace("meshed", ending=True, mesh="Istio")
    assert not [path for path in asked if "quota.openshift.io" in path], "only OpenShift has them"


def test_a_namespace_that_is_not_there_and_one_that_is_closed(tmp_path: Path, server: str) -> None:
    given = kubeconfig(tmp_path, server)
    none = cluster.read(given, Wanted(namespace="none"))
    assert (none.namespace, none.namespace_missing, none.gaps) == (None, True, ())
    closed = cluster.read(given, Wanted(namespace="closed"))
    assert (closed.namespace, closed.namespace_missing) == (Namespace("closed"), False)
    assert closed.gaps == (
        "the API server answered 403 Forbidden for the namespace closed",
        "the API server answered 403 Forbidden for quotas of the namespace closed",
    )


def test_claims_are_asked_whether_they_have_a_volume(tmp_path: Path, server: str, asked: list[str]) -> None:
    given = kubeconfig(tmp_path, server)
    found = cluster.read(given, Wanted(namespace="rag", claims=("used", "spare", "none")))
    assert (found.bound, found.gaps) == ({"used": True, "spare": False}, ())
    asked.clear()
    assert cluster.read(given, Wanted(namespace="none", claims=("used",))).bound == {}
    assert not [path for path in asked if "persistentvolumeclaims" in path], "there are none without the namespace"


def test_a_storage_profile_is_asked_for_an_unknown_driver_only(tmp_path: Path, server: str, asked: list[str]) -> None:
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(("lvm", "odd", "vm")))
    assert [path for path in asked if PROFILES in path] == [f"{PROFILES}{name} Bearer t0" for name in ("odd", "vm")]
    read = Classes(cluster=found)
    assert (read.facts("odd").modes, read.facts("odd").refused_mode(AccessMode.RWX)) == ((), "")
    profiled = read.facts("vm")
    assert (profiled.modes, profiled.known) == ((AccessMode.RWO, AccessMode.RWOP), False)
    assert "makes ReadWriteOnce" in profiled.refused_mode(AccessMode.RWX)
    said = Classes({"vm": ClassSettings.model_validate({"standsOn": "nfs4"})}, found)
    assert said.facts("vm").refused_mode(AccessMode.RWX) == "", "the owner's word"


def test_drivers_are_read_with_their_versions(tmp_path: Path, server: str) -> None:
    names = ("closed.csi.example.org", "ebs.csi.aws.com", "efs.csi.aws.com", "none.csi.example.org")
    found = cluster.read(kubeconfig(tmp_path, server), Wanted(drivers=names))
    assert found.drivers == {"ebs.csi.aws.com": "", "efs.csi.aws.com": "v3.1.0", "none.csi.example.org": None}
    assert found.gaps == ("the API server answered 403 Forbidden for CSIDriver closed.csi.example.org",)
