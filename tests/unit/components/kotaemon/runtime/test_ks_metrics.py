"""ks_metrics.py: the numbers of a pod, beside its log and on its port."""

import http.client
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import House, eventually, free_port, runtime_module

OURS = {
    "kotaemon_half_indexed_files": "gauge",
    "kotaemon_indexing_files": "gauge",
    "kotaemon_vector_store_failures_total": "counter",
    "kotaemon_log_dropped_lines_total": "counter",
    "kotaemon_scratch_used_bytes": "gauge",
    "kotaemon_scratch_free_bytes": "gauge",
}


def read(text: str) -> dict[str, tuple[str, float]]:
    """Name -> kind and value, from Prometheus's text format; fails for anything else."""
    kinds, found = dict[str, str](), dict[str, tuple[str, float]]()
    for line in text.splitlines():
        if match := re.fullmatch(r"# TYPE (\w+) (gauge|counter)", line):
            kinds[match[1]] = match[2]
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'(\w+)\{pod="pod-a"\} (\S+)', line)
            assert match, line
            found[match[1]] = (kinds[match[1]], float(match[2]))
    return found


def get(port: int, path: str = "/metrics") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_a_pod_writes_its_numbers_beside_its_log(house: House) -> None:
    pod = house.serving(KS_HOUSEKEEPING_SECONDS="1")
    file = pod.log.parent / "metrics.prom"
    eventually(file.exists, "metrics.prom", pod.text)
    found = read(file.read_text())
    assert {name: kind for name, (kind, _) in found.items()} == OURS
    assert found["kotaemon_half_indexed_files"][1] == 0
    assert found["kotaemon_scratch_free_bytes"][1] > 0
    assert pod.stop() == 0


def test_a_pod_answers_on_its_port_and_says_what_other_containers_wrote(house: House) -> None:
    port = free_port()
    pod = house.pod(KS_METRICS_PORT=str(port))
    beside = Path(pod.env["KS_SCRATCH_DIR"]) / "metrics"
    beside.mkdir(parents=True)
    (beside / "cache.prom").write_text('# TYPE kotaemon_other gauge\nkotaemon_other{pod="pod-a"} 7\n')
    pod.start().until("serving")
    status, kind, text = get(port)
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert read(text).keys() == {*OURS, "kotaemon_other"}
    assert get(port, "/")[0] == 404
    assert pod.stop() == 0


def test_dropped_lines_are_in_the_numbers(house: House) -> None:
    port = free_port()
    pod = house.pod(KS_METRICS_PORT=str(port))
    pod.log.parent.mkdir()
    pod.log.with_name("app-00000001.log").symlink_to("/dev/full")
    pod.start().until("serving")
    pod.until("cannot be written")
    assert read(get(port)[2])["kotaemon_log_dropped_lines_total"][1] >= 1
    assert pod.stop() == 0


def test_a_port_that_is_taken_is_said_and_the_application_runs(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        pod = house.serving(KS_METRICS_PORT=str(port))
        assert f"warning: port {port} for the numbers of the pod cannot be opened: Address already in use" in pod.text()
        assert pod.stop() == 0


def test_a_volume_that_hangs_gets_one_thread(tmp_path: Path, hanging: Path, hangs: Callable[[Path], None]) -> None:
    module = runtime_module("ks_metrics")
    metrics = module.Metrics([module.Metric("kotaemon_x", "X.", lambda: 1)], tmp_path, hanging)
    metrics.write()
    thread = metrics._writing
    metrics.write()
    assert metrics._writing is thread
    assert thread.is_alive()


def test_the_archivers_numbers_are_said_with_the_pods_and_nothing_else_of_its_file(tmp_path: Path) -> None:
    module = runtime_module("ks_metrics")
    folder = tmp_path / "logs" / "pod-a"
    folder.mkdir(parents=True)
    metrics = module.Metrics([], tmp_path, folder)
    (folder.parent / module.ARCHIVE).write_text("kotaemon_archive_failed_files 2\nkotaemon_half_indexed_files 9\nx\n")
    metrics.write()
    metrics._writing.join(60)
    assert metrics.text() == "kotaemon_archive_failed_files 2\n"
    (folder.parent / module.ARCHIVE).unlink()
    metrics.write()
    metrics._writing.join(60)
    assert metrics.text() == ""


def test_no_port_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    module = runtime_module("ks_metrics")
    monkeypatch.delenv("KS_METRICS_PORT", raising=False)
    monkeypatch.setattr(module.Metrics, "serve", lambda *_: pytest.fail("it listens"))
    module.serve_where_asked(module.Metrics([], Path("/nowhere"), None))
