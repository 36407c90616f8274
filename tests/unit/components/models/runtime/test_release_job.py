"""The Job of a release: it rolls, looks, rolls back, records, and goes on after a kill."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from components.models.names import NO_VERSION
from tests.unit.components.models.runtime.api_server import ApiServer
from tests.unit.components.models.runtime.pods import Place

HUB = "huggingface/models--BAAI--bge-m3/snapshots/5617/model.safetensors"


@pytest.fixture
def server(pod: Place) -> Iterator[ApiServer]:
    account = pod.root / "account"
    account.mkdir()
    (account / "token").write_text("the-token\n")
    pod.owned()
    made = ApiServer()
    yield made
    made.close()


def job(pod: Place, server: ApiServer, version: str, code: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    told = {
        "KS_VERSION": version,
        "KS_MODELS_SHARED": str(pod.shared),
        "KS_NAMESPACE": "kotaemon",
        "KS_DEPLOYMENT": "kotaemon",
        "KS_RECORD": "models",
        "KS_API": server.url,
        "KS_ACCOUNT": str(pod.root / "account"),
        "KS_POLL_SECONDS": "0.05",
        "KS_READY_SECONDS": "2",
        "KS_KEEP": "1",
    }
    return pod.run(f"import ks_models_release as r\n{code}\nsys.exit(r.main())", **told | env)


def test_a_version_is_published_rolled_out_and_recorded(pod: Place, server: ApiServer) -> None:
    for version in ("v1", "v2"):
        pod.package(version, {"f": version.encode()})
        done = job(pod, server, version)
        assert done.returncode == 0, done.stderr
    assert server.rolled == ["v1", "v2"]
    assert os.readlink(pod.shared / "latest") == "versions/v2"
    assert (server.record["phase"], server.record["version"], server.record["from"]) == ("released", "v2", "v1")
    assert [entry["version"] for entry in json.loads(server.record["history"])] == ["v1", "v2"]
    # the version before stays for a rollback, whatever is kept
    assert sorted(os.listdir(pod.shared / "versions")) == ["v1", "v2"]


def test_pods_that_do_not_become_ready_bring_the_version_before_back(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    job(pod, server, "v1")
    pod.package("v2", {"f": b"2"})
    server.broken = {"v2"}
    done = job(pod, server, "v2")
    assert done.returncode == 3, done.stderr
    assert server.rolled == ["v1", "v2", "v1"]
    assert os.readlink(pod.shared / "latest") == "versions/v1"
    assert server.record["phase"] == "rolled back"
    assert server.record["reason"] == "its pods were not ready within 2 s"


def test_a_pod_that_refuses_to_start_is_believed_at_once(pod: Place, server: ApiServer) -> None:
    pod.package("v2", {"f": b"2"})
    server.refusing = {"v2"}
    done = job(pod, server, "v2", KS_READY_SECONDS="600")
    assert done.returncode == 3
    assert server.rolled == ["v2", NO_VERSION]
    assert server.record["reason"] == "pod-1: fill-models refused to start: models: version is corrupt"


def test_killed_while_it_rolls_it_goes_on_and_knows_what_was_before(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    job(pod, server, "v1")
    pod.package("v2", {"f": b"2"})
    server.broken = {"v2"}
    killed = job(pod, server, "v2", "r.Release.wait = lambda self, version: os.kill(os.getpid(), 9)")
    assert killed.returncode == -9
    assert (server.record["phase"], server.version) == ("rolling", "v2")
    assert job(pod, server, "v2").returncode == 3
    assert (server.version, server.record["from"]) == ("v1", "v1")


def test_the_stack_files_version_is_refused_and_only_published(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    done = job(pod, server, "v1", KS_OWNER="stack")
    assert done.returncode == 78
    assert "kotaemon:models.version" in done.stderr
    assert server.rolled == []
    done = job(pod, server, "v1", KS_OWNER="stack", KS_ONLY_PUBLISH="1")
    assert done.returncode == 0, done.stderr
    assert (server.rolled, server.record["phase"]) == ([], "published")
    assert (pod.shared / "versions" / "v1" / "f").read_bytes() == b"1"


def test_a_package_that_is_refused_is_recorded_and_no_pod_is_touched(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"model.pt": b"1"})
    done = job(pod, server, "v1")
    assert done.returncode == 78
    assert (server.rolled, server.record["phase"]) == ([], "refused")
    assert "model.pt" in server.record["reason"]


@pytest.mark.parametrize("files", [{HUB: b"other"}, {"f": b"without it"}])
def test_another_embedding_under_an_index_is_refused_before_a_pod_is_touched(
    pod: Place, server: ApiServer, files: dict[str, bytes]
) -> None:
    pod.package("v1", {HUB: b"weights"})
    job(pod, server, "v1")
    pod.package("v2", files)
    done = job(pod, server, "v2", KS_EMBEDDINGS="BAAI/bge-m3")
    assert done.returncode == 78
    assert "BAAI/bge-m3" in server.record["reason"]
    assert server.rolled == ["v1"]
    pod.package("v3", {HUB: b"weights", "more": b"beside it"})
    assert job(pod, server, "v3", KS_EMBEDDINGS="BAAI/bge-m3").returncode == 0


def test_one_pod_is_away_and_it_is_said_for_how_long(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    done = job(pod, server, "v1", KS_PROFILE="single-writer")
    assert "the application is away until the new one is ready" in done.stdout
    assert server.record["away_seconds"].isdecimal()


def test_versions_of_pods_are_never_removed(pod: Place, server: ApiServer) -> None:
    for version in ("v1", "v2", "v3"):
        pod.package(version, {"f": version.encode()})
        job(pod, server, version, "r.Cluster.used = lambda self: {'v1'}")
    assert sorted(os.listdir(pod.shared / "versions")) == ["v1", "v2", "v3"]
    pod.package("v4", {"f": b"4"})
    job(pod, server, "v4")
    assert sorted(os.listdir(pod.shared / "versions")) == ["v3", "v4"]


def test_the_nodes_have_a_version_before_a_pod_is_rolled_to_it(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    done = job(pod, server, "v1", KS_PREFETCH="prefetch")
    assert done.returncode == 0, done.stderr
    assert "version v1 is in the cache of 3 nodes" in done.stdout
    pod.package("v2", {"f": b"2"})
    server.broken = {"v2"}
    assert job(pod, server, "v2", KS_PREFETCH="prefetch").returncode == 3
    assert server.ahead == [("v1", ""), ("v2", "v1"), ("v1", "v2")], "the nodes are asked first, and go back too"
    assert server.rolled == ["v1", "v2", "v1"]


def test_a_node_that_does_not_copy_holds_nothing_up(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    server.cold = 1
    done = job(pod, server, "v1", KS_PREFETCH="prefetch", KS_PREFETCH_SECONDS="0")
    assert done.returncode == 0, done.stderr
    assert "of 3 nodes have version v1; pods on the others copy it" in done.stdout
    assert server.rolled == ["v1"]


def test_only_published_is_copied_ahead_too(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    done = job(pod, server, "v1", KS_OWNER="stack", KS_ONLY_PUBLISH="1", KS_PREFETCH="prefetch")
    assert done.returncode == 0, done.stderr
    assert (server.ahead, server.rolled, server.record["phase"]) == ([("v1", "")], [], "published")


def test_killed_twice_it_still_knows_what_was_before(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    job(pod, server, "v1")
    pod.package("v2", {"f": b"2"})
    server.broken = {"v2"}
    job(pod, server, "v2", "r.Release.wait = lambda self, version: os.kill(os.getpid(), 9)")
    job(pod, server, "v2", "r.Cluster.prefetch = lambda self, version: os.kill(os.getpid(), 9)")
    assert job(pod, server, "v2").returncode == 3
    assert (server.version, server.record["from"]) == ("v1", "v1")


def test_a_disk_is_let_go_when_the_application_comes_back_on_another_node(pod: Place, server: ApiServer) -> None:
    """As long as the Job has the disk on its node, the pod elsewhere cannot start, and each would wait for the other."""
    pod.package("v1", {"f": b"1"})
    server.broken, server.node = {"v1"}, "node-b"
    done = job(pod, server, "v1", KS_READY_SECONDS="60", KS_NODE="node-a", KS_PROFILE="single-writer")
    assert done.returncode == 75
    assert "new pod is on node-b, and its disk is here on node-a" in done.stderr
    assert (server.version, server.record["phase"]) == ("v1", "rolling")
    server.broken, server.record["since"] = set(), "2020-01-01T00:00:00Z"
    done = job(pod, server, "v1", KS_NODE="node-b", KS_PROFILE="single-writer")
    assert done.returncode == 0, done.stderr
    assert int(server.record["away_seconds"]) > 10**8, "counted from the first try on"
    assert server.rolled == ["v1"]


def test_a_rollback_that_let_the_disk_go_is_finished_and_not_begun_again(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    job(pod, server, "v1")
    pod.package("v2", {"f": b"2"})
    server.broken = {"v1", "v2"}
    moved = (
        "r.Release.wait = lambda self, version, wait=r.Release.wait: wait(self, version) if version == 'v1' else 'no'"
    )
    server.node = "node-b"
    done = job(pod, server, "v2", moved, KS_READY_SECONDS="60", KS_NODE="node-a")
    assert done.returncode == 75, done.stderr
    assert (server.version, server.record["phase"], server.record["reason"]) == ("v1", "rolling back", "no")
    server.broken = {"v2"}
    done = job(pod, server, "v2", KS_NODE="node-b")
    assert done.returncode == 3, done.stderr
    assert server.rolled == ["v1", "v2", "v1"]
    assert (server.record["phase"], server.record["reason"]) == ("rolled back", "no")


def test_a_release_that_never_ended_is_nothing_to_go_back_to(pod: Place, server: ApiServer) -> None:
    for version in ("v1", "v2", "v3"):
        pod.package(version, {"f": version.encode()})
    job(pod, server, "v1")
    server.broken = {"v2", "v3"}
    job(pod, server, "v2", "r.Release.wait = lambda self, version: os.kill(os.getpid(), 9)")
    assert (server.version, server.record["phase"]) == ("v2", "rolling")
    assert job(pod, server, "v3").returncode == 3
    assert (server.version, server.record["from"]) == ("v1", "v1")


def test_after_a_first_release_that_failed_latest_leads_nowhere(pod: Place, server: ApiServer) -> None:
    pod.package("v1", {"f": b"1"})
    server.broken = {"v1"}
    assert job(pod, server, "v1").returncode == 3
    assert not os.path.lexists(pod.shared / "latest")


def test_a_package_of_another_user_is_refused_and_a_full_claim_is_tried_again(pod: Place, server: ApiServer) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    package = pod.package("v1", {"f": b"1"})
    os.chown(package, 0, 0)
    done = job(pod, server, "v1")
    assert done.returncode == 78, done.stderr
    assert "have to belong to the user of the pods, 1001" in done.stderr
    assert server.record["phase"] == "refused"
    pod.owned()
    full = "def full(*a, **k): raise OSError(28, 'No space left on device')\nr.publish = full"
    assert job(pod, server, "v1", full).returncode == 75
    assert job(pod, server, "v1").returncode == 0
