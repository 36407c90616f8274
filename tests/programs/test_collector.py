"""The OpenTelemetry Collector, run for real with the configuration that we render: what three pods write arrives.

Its build takes a minute of processor time, once. The configuration by itself is tested in
tests/unit/components/logs/test_collector.py.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import build
from tests.programs.collector import Collector, PodLog
from tests.programs.endpoint import Endpoint
from tests.unit.components.kotaemon.runtime.stand_in import eventually
from tests.unit.components.monitoring.test_monitoring import names

PODS = ("kotaemon-a", "kotaemon-b", "kotaemon-c")
BATCH = 100
"""Lines that the Collector sends at once."""


@pytest.fixture(scope="module")
def program() -> Path:
    return build.program("collector")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


@pytest.fixture
def collector(program: Path, endpoint: Endpoint, tmp_path: Path) -> Iterator[Collector]:
    made = Collector(program, tmp_path, f"http://127.0.0.1:{endpoint.port}", AUTHORIZATION="Bearer of-the-test")
    yield made
    made.kill()


@pytest.fixture
def pods(collector: Collector) -> Iterator[list[PodLog]]:
    made = [PodLog(collector.logs, pod, file_bytes=60_000) for pod in PODS]
    yield made
    for pod in made:
        pod.close()


def arrived(endpoint: Endpoint, pods: list[PodLog], collector: Collector, seconds: float = 60) -> None:
    """Wait until as many lines came as were written."""
    count = sum(pod.count for pod in pods)
    eventually(lambda: len({r.body for r in endpoint.records}) >= count, f"{count} lines", collector.said, seconds)


def test_every_line_arrives_once_and_in_order_through_rotations(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    collector.start()
    for _ in range(20):
        for pod in pods:
            pod.say(250)
    arrived(endpoint, pods, collector)
    for pod in pods:
        assert len(list((collector.logs / pod.pod).glob("app-*.log"))) > 3, "it was rotated"
        assert endpoint.bodies(pod.pod) == pod.lines()
    assert endpoint.repeated == 0
    assert endpoint.headers["Authorization"] == "Bearer of-the-test"
    collector.stop()


def test_a_stop_and_a_start_repeat_one_batch_at_most(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    for _ in range(4):
        collector.start()
        for pod in pods:
            pod.say(2000)
        collector.stop()
    collector.start()
    arrived(endpoint, pods, collector)
    assert endpoint.repeated <= 4 * BATCH
    for pod in pods:
        assert endpoint.bodies(pod.pod) == pod.lines()
    collector.stop()


def test_a_kill_loses_nothing_and_what_it_repeats_has_the_same_name(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    for round_ in range(5):
        collector.start()
        for pod in pods:
            pod.say(2000)
        wanted = round_ * 1500
        eventually(lambda wanted=wanted: len(endpoint.records) > wanted, "some lines", collector.said)
        collector.kill()
    collector.start()
    arrived(endpoint, pods, collector)
    collector.stop()
    print(f"{len(endpoint.once)} lines through 5 kills, {endpoint.repeated} of them came again")
    of = {record.uid: record.body for record in endpoint.once}
    assert all(of[record.uid] == record.body for record in endpoint.records)
    for pod in pods:
        # The batch that was on its way when the Collector was killed may come behind later ones.
        assert sorted(endpoint.bodies(pod.pod)) == sorted(pod.lines())


def test_a_kill_in_quiet_times_repeats_two_seconds_at_most(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    """What a Collector had read and sent long before the kill does not come again."""
    collector.start()
    for pod in pods:
        pod.say(3000)
    arrived(endpoint, pods, collector)
    time.sleep(1)  # ten of the test's polls: the positions are saved
    for pod in pods:
        pod.say(50)
    collector.kill()
    collector.start()
    arrived(endpoint, pods, collector)
    assert endpoint.repeated <= 150
    for pod in pods:
        assert sorted(endpoint.bodies(pod.pod)) == sorted(pod.lines())
    collector.stop()


def test_an_endpoint_that_is_away_is_waited_for(collector: Collector, endpoint: Endpoint, pods: list[PodLog]) -> None:
    """An hour of it: what is written meanwhile is more than the queue holds, the files rotate, and the Collector is
    killed and started. The queue is made small here, as an hour would make the real one."""
    collector.config["exporters"]["otlp_http"]["sending_queue"]["queue_size"] = 300_000
    collector.start()
    for pod in pods:
        pod.say(100)
    arrived(endpoint, pods, collector)
    endpoint.go()
    for _ in range(10):
        for pod in pods:
            pod.say(500)
    full = "otelcol_exporter_queue_size"
    eventually(lambda: collector.numbers().get(full, 0) > 200_000, "a full queue", collector.said)
    collector.stop()
    collector.start()
    assert collector.numbers()["otelcol_exporter_queue_capacity"] == 300_000
    endpoint.status = 503
    endpoint.come()
    for pod in pods:
        pod.say(100)
    endpoint.status = 200
    arrived(endpoint, pods, collector)
    for pod in pods:
        assert endpoint.bodies(pod.pod) == pod.lines()
    collector.stop()


def test_a_batch_that_is_refused_for_good_holds_nothing_up_and_is_counted(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    collector.start()
    endpoint.refuse_once = "line 000150"
    for pod in pods:
        pod.say(1000)
    written = sum(pod.count for pod in pods)
    eventually(lambda: len(endpoint.records) + len(endpoint.refused) >= written, "the others", collector.said)
    assert 0 < len(endpoint.refused) <= BATCH
    failed = "otelcol_exporter_send_failed_log_records"
    eventually(lambda: collector.numbers().get(failed, 0) == len(endpoint.refused), failed, collector.said)
    kept = set("".join(file.read_text() for file in collector.logs.rglob("app-*.log")).splitlines())
    assert {record.body for record in endpoint.refused} <= kept
    collector.stop()


def test_every_number_of_the_collector_that_an_alert_reads_is_there(
    collector: Collector, endpoint: Endpoint, pods: list[PodLog]
) -> None:
    collector.start()
    endpoint.refuse_once = "line 000150"
    for pod in pods:
        pod.say(300)
    eventually(lambda: bool(endpoint.refused), "a refusal", collector.said)
    read = {name for name in names() if name.startswith("otelcol_")}
    assert len(read) >= 4
    eventually(lambda: read <= collector.numbers().keys(), f"{sorted(read)}", lambda: str(collector.numbers()))
    collector.stop()
