"""The rendered configurations. The Collector's is run for real in tests/programs/test_collector.py."""

import json
from typing import Any

import pytest

from components.logs import collector, fluent_bit
from components.logs.args import LogProgram, LogReader
from components.logs.shipping import IMAGES
from devcluster import recipe
from tests.programs.build import MODULES
from tests.unit.components.logs.samples import OUTPUTS, made

SECRETS = {
    "otlp": ["AUTHORIZATION"],
    "grpc": ["AUTHORIZATION"],
    "elasticsearch": ["USER", "PASSWORD"],
    "cloudwatch": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    "loki": ["AUTHORIZATION"],
}
TAIL = {
    "name tag path path_key offset_key read_from_head refresh_interval db db.sync storage.type multiline.parser",
    "storage.pause_on_chunks_overlimit buffer_max_size skip_long_lines inotify_watcher",
}
"""Keys of Fluent Bit's input tail (fluent/fluent-bit: plugins/in_tail/tail.c, config_map), and of every input."""


def exporter(output: str, credentials: list[str] = []) -> tuple[str, dict[str, Any]]:  # noqa: B006 read only
    found = collector.config(made(output, credentials=dict.fromkeys(credentials, "secret")))["exporters"]
    assert len(found) == 1
    name, config = next(iter(found.items()))
    return name, {key: value for key, value in config.items() if key not in ("sending_queue", "retry_on_failure")}


def test_every_output() -> None:
    assert exporter("otlp") == ("otlp_http", {"endpoint": "https://otlp.example.com"})
    assert exporter("otlp", SECRETS["otlp"])[1]["headers"] == {"Authorization": "${env:AUTHORIZATION}"}
    assert exporter("grpc") == ("otlp_grpc", {"endpoint": "http://10.0.0.7:4317", "tls": {"insecure": True}})
    assert exporter("elasticsearch", SECRETS["elasticsearch"]) == (
        "elasticsearch",
        {
            "endpoints": ["https://es.elastic.svc:9200/base"],
            "logs_index": "logs-kotaemon-default",
            "user": "${env:USER}",
            "password": "${env:PASSWORD}",
        },
    )
    assert exporter("cloudwatch", SECRETS["cloudwatch"]) == (
        "awscloudwatchlogs",
        {"region": "eu-central-1", "log_group_name": "/kotaemon", "log_stream_name": "kotaemon"},
    )
    assert exporter("loki") == (
        "otlp_http",
        {"endpoint": "http://loki-gateway.loki.svc/otlp", "headers": {"X-Scope-OrgID": "team-a"}},
    )


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("reader", LogReader)
def test_nothing_is_dropped_for_want_of_room_or_time(output: str, reader: LogReader) -> None:
    config = collector.config(made(output, reader=reader))
    (sender,) = config["exporters"].values()
    queue, retry = sender["sending_queue"], sender["retry_on_failure"]
    assert queue["block_on_overflow"]
    assert queue["storage"] == "file_storage"
    assert queue["num_consumers"] == 1, "several would change the order"
    assert retry["max_elapsed_time"] == "0s"
    files = config["receivers"]["file_log"]
    assert files["storage"] == "file_storage"
    assert files["retry_on_failure"] == {"enabled": True, "max_elapsed_time": "0s"}
    assert files["start_at"] == "beginning"
    assert files["max_concurrent_files"] == 2, "two files of a pod at once would mix its lines"
    assert config["service"]["pipelines"]["logs"]["processors"] == ["memory_limiter"]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("reader", LogReader)
@pytest.mark.parametrize("text", [collector.text, fluent_bit.text])
def test_no_secret_is_in_a_configuration(output: str, reader: LogReader, text: Any) -> None:
    shipping = made(output, reader=reader, credentials=dict.fromkeys(SECRETS[output], "hunter2"))
    said = text(shipping)
    assert "hunter2" not in said
    json.loads(said)


def test_an_agent_reads_the_pods_of_the_application_only() -> None:
    found = collector.config(made(reader=LogReader.NODE_AGENT))["receivers"]["file_log"]
    assert found["include"] == ["/var/log/pods/${env:APPLICATION_NAMESPACE}_kotaemon-*/*/*.log*"]
    assert found["exclude"] == ["/var/log/pods/*/*/*.gz"]
    assert found["operators"] == [{"type": "container"}]


def test_the_image_is_the_version_that_is_run_here() -> None:
    path = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver"
    go_mod = (MODULES / "collector" / "go.mod").read_text()
    version = next(line.split()[1] for line in go_mod.splitlines() if line.strip().startswith(path))
    assert IMAGES[LogProgram.OPENTELEMETRY].endswith(f":{version.removeprefix('v')}")
    assert recipe.required_go() >= tuple(map(int, go_mod.split("go ")[1].split()[0].split(".")))


def test_fluent_bit() -> None:
    known = {key for line in TAIL for key in line.split()}
    for reader in LogReader:
        config = fluent_bit.config(made("grpc", reader=reader))
        (tail,), (output,) = config["pipeline"]["inputs"], config["pipeline"]["outputs"]
        assert set(tail) <= known
        assert (output["retry_limit"], output["workers"], output["match"]) == ("no_limits", 1, tail["tag"])
        assert config["service"]["storage.path"] == "/state/queue"
    assert fluent_bit.config(made("grpc"))["pipeline"]["inputs"][0]["inotify_watcher"] == "off"
    assert (output["name"], output["host"], output["port"]) == ("opentelemetry", "10.0.0.7", 4317)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("otlp", {"name": "opentelemetry", "port": 443, "tls": "on", "logs_uri": "/v1/logs"}),
        ("elasticsearch", {"name": "es", "path": "/base", "port": 9200, "http_passwd": "${PASSWORD}"}),
        ("cloudwatch", {"name": "cloudwatch_logs", "log_group_name": "/kotaemon", "log_stream_prefix": "kotaemon-"}),
        ("loki", {"logs_uri": "/otlp/v1/logs", "header": ["Authorization ${AUTHORIZATION}", "X-Scope-OrgID team-a"]}),
    ],
)
def test_outputs_of_fluent_bit(output: str, expected: dict[str, Any]) -> None:
    shipping = made(output, credentials=dict.fromkeys(SECRETS[output], "x"))
    (found,) = fluent_bit.config(shipping)["pipeline"]["outputs"]
    assert found | expected == found
