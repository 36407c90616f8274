"""Starting a cluster whose programs fail: the user gets one line, and nothing is left running.

Shell scripts stand in for the programs; supervisor, pipes and locks are real.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from components.contract import Platform
from devcluster import build, paths, state
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from devcluster.node_kinds import Nodes
from devcluster.real import probe
from tests.unit.devcluster.helpers import processes_in, write_script

SLEEP = "exec sleep 60"
TAKEN = 'echo "failed to listen on 127.0.0.1:1: listen tcp 127.0.0.1:1: bind: address already in use" >&2; exit 1'
Programs = Callable[..., Cluster]


@pytest.fixture
def programs(cache: Path) -> Programs:
    """`cluster = programs(etcd=...)` has these scripts as its programs."""

    def write(**bodies: str) -> Cluster:
        for name, body in {"etcd": SLEEP, "kube_apiserver": SLEEP, **bodies}.items():
            write_script(paths.bin_dir("control-plane") / name.replace("_", "-"), body)
        paths.bin_dir("simulated-nodes").mkdir(parents=True)
        return Cluster("dev", Platform.PRIVATE)

    return write


def refusal(cluster: Cluster) -> str:
    """What the user reads; whatever has been started is gone by then."""
    with pytest.raises(DevclusterError) as error:
        cluster.start(keep=True)
    assert processes_in(cluster.directory) == []
    assert not cluster.running
    return str(error.value)


def test_port_taken(programs: Programs) -> None:
    cluster = programs(kube_apiserver=f'echo "$@" >> asked; {TAKEN}')
    assert refusal(cluster) == (
        "devcluster 'dev': port taken: 3 free ports on 127.0.0.1 were taken by other programs before kube-apiserver "
        "could listen; start again when the machine is quieter"
    )
    assert len((cluster.directory / "asked").read_text().splitlines()) == 3


def test_a_program_that_does_not_start(programs: Programs) -> None:
    cluster = programs(etcd="echo 'cannot open data folder' >&2; exit 7")
    log = cluster.directory / "logs" / "etcd.log"
    assert refusal(cluster) == f"devcluster 'dev': etcd ended with status 7: cannot open data folder; see {log}"


def test_a_program_that_is_missing(programs: Programs) -> None:
    cluster = programs()
    (paths.bin_dir("control-plane") / "etcd").unlink()
    assert refusal(cluster).startswith("devcluster 'dev': the supervisor ended: FileNotFoundError: ")


def test_what_was_started_ends_when_another_program_fails(programs: Programs) -> None:
    cluster = programs(kube_apiserver="sleep 0.3; echo 'unknown flag' >&2; exit 2")
    log = cluster.directory / "logs" / "kube-apiserver.log"
    assert refusal(cluster) == f"devcluster 'dev': kube-apiserver ended with status 2: unknown flag; see {log}"


def test_data_of_another_platform_is_not_mixed(programs: Programs) -> None:
    cluster = programs()
    cluster.directory.mkdir(parents=True)
    state.save(cluster.directory, {"platform": "aws", "port": 1})
    assert refusal(cluster) == (
        "devcluster 'dev' was made for platform 'aws', not 'private': "
        f"use another name, or stop it and remove {cluster.directory} with all that is in it"
    )


def test_a_cluster_that_never_ran(cache: Path) -> None:
    cluster = Cluster("dev", Platform.PRIVATE)
    assert not cluster.running
    cluster.stop()
    cluster.destroy_data()
    assert not cluster.directory.exists()
    assert cluster.context == "kotaemon-devcluster-dev"
    assert cluster.kubeconfig == cache / "clusters" / "dev" / "kubeconfig"


def test_no_go(cache: Path, script: Callable[[str, str], Path]) -> None:
    with pytest.raises(DevclusterError, match=r"^no Go: the devcluster is built with Go >= "):
        Cluster("dev", Platform.PRIVATE).start(keep=True)


def test_real_nodes_are_refused_with_the_reason_where_the_machine_cannot(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs()
    monkeypatch.setattr(probe, "why_not", lambda *_: "real nodes need root")
    assert refusal(Cluster("dev", Platform.PRIVATE, nodes=Nodes.REAL)) == "real nodes need root"


def test_where_the_machine_cannot_nodes_are_simulated_and_the_reason_is_kept(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(etcd="exit 7")
    monkeypatch.setattr(probe, "why_not", lambda *_: "real nodes need root")
    cluster = Cluster("dev", Platform.PRIVATE, nodes=Nodes.AUTO)
    refusal(cluster)
    assert cluster.why_simulated == "real nodes need root"
    assert cluster.nodes_line == "simulated, no container runs: real nodes need root"
    assert cluster.limits == [], "said once"


def test_programs_of_real_nodes_that_cannot_be_had_are_a_reason_too(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(etcd="exit 7")
    monkeypatch.setattr(probe, "why_not", lambda *_: None)

    def built(_: object, *parts: str) -> list[Path]:
        if "real-nodes" in parts:
            raise DevclusterError("no runc on PATH")
        return [paths.bin_dir(part) for part in parts]

    monkeypatch.setattr(build, "ensure_built", built)
    cluster = Cluster("dev", Platform.PRIVATE, nodes=Nodes.AUTO)
    refusal(cluster)
    assert cluster.why_simulated == "no runc on PATH"


def test_nodes_are_simulated_unless_the_variable_says_otherwise(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOTAEMON_NODES", raising=False)
    assert Cluster("dev", Platform.PRIVATE).kind is Nodes.SIMULATED
    monkeypatch.setenv("KOTAEMON_NODES", "auto")
    assert Cluster("dev", Platform.PRIVATE).kind is Nodes.AUTO
    monkeypatch.setenv("KOTAEMON_NODES", "some")
    with pytest.raises(DevclusterError, match=r"^KOTAEMON_NODES='some' is not allowed: real, simulated, auto$"):
        Cluster("dev", Platform.PRIVATE)
