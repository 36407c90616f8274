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


QUEUE_KEYS = {"enabled", "storage", "sizer", "queue_size", "block_on_overflow", "num_consumers"}
"""Keys of exporterhelper's queue: open-telemetry/opentelemetry-collector, exporter/exporterhelper/README.md, v0.144.0."""
RETRY_KEYS = {"enabled", "initial_interval", "max_interval", "max_elapsed_time"}
"""The same of configretry."""
EXPORTERS: dict[str, dict[str, Any]] = {
    # Run for real in tests/programs; the module is go.opentelemetry.io/collector/exporter/otlphttpexporter.
    "otlp_http": {"endpoint": None, "headers": None, "retry_on_failure": RETRY_KEYS},
    "otlp_grpc": {"endpoint": None, "headers": None, "tls": {"insecure"}, "retry_on_failure": RETRY_KEYS},
    # contrib, exporter/elasticsearchexporter/config.schema.yaml at 0e95696d (of 2026, after v0.145): it has no
    # retry_on_failure, and the Collector refuses a configuration with a key that its exporter does not know.
    "elasticsearch": {
        **dict.fromkeys(["endpoints", "logs_index", "user", "password", "api_key"]),
        "retry": {"enabled", "max_retries", "initial_interval", "max_interval", "retry_on_status"},
    },
    # contrib, exporter/awscloudwatchlogsexporter/config.schema.yaml at d4e53d14 (of 2026), and config.go at b548215a
    # for the name of the retries.
    "awscloudwatchlogs": {
        **dict.fromkeys(["region", "log_group_name", "log_stream_name"]),
        "retry_on_failure": RETRY_KEYS,
    },
}
"""Exporter -> key that is used of it -> keys below; None: a plain value. Looked up on 29 November 2026."""
FLUENT_BIT_OUTPUTS = {
    "es": "host port path tls index suppress_type_name write_operation http_user http_passwd",
    "cloudwatch_logs": "region log_group_name log_stream_prefix auto_create_group",
    "opentelemetry": "host port logs_uri grpc tls header",
}
"""Output -> keys that are used of it: docs.fluentbit.io/manual/data-pipeline/outputs, and write_operation in the config_map
of fluent/fluent-bit, plugins/out_es/es.c. Looked up on 29 November 2026."""
ANY_OUTPUT = "name match retry_limit workers storage.total_limit_size"


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_key_of_an_exporter_is_one_that_it_knows(output: str) -> None:
    """The Collector does not start with another."""
    credentials = dict.fromkeys(SECRETS[output], "x")
    ((name, config),) = collector.config(made(output, credentials=credentials))["exporters"].items()
    known = EXPORTERS[name]
    assert set(config["sending_queue"]) <= QUEUE_KEYS
    for key, value in config.items():
        if key != "sending_queue":
            below = known[key]
            assert below is None or set(value) <= below


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_key_of_an_output_of_fluent_bit_is_one_that_it_knows(output: str) -> None:
    credentials = dict.fromkeys(SECRETS[output], "x")
    (config,) = fluent_bit.config(made(output, credentials=credentials))["pipeline"]["outputs"]
    assert set(config) <= {*ANY_OUTPUT.split(), *FLUENT_BIT_OUTPUTS[config["name"]].split()}


def exporter(output: str, credentials: list[str] = []) -> tuple[str, dict[str, Any]]:  # noqa: B006 read only
    found = collector.config(made(output, credentials=dict.fromkeys(credentials, "secret")))["exporters"]
    assert len(found) == 1
    name, config = next(iter(found.items()))
    return name, {
        key: value for key, value in config.items() if key not in ("sending_queue", "retry_on_failure", "retry")
    }


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
    queue = sender["sending_queue"]
    assert queue["block_on_overflow"]
    assert queue["storage"] == "file_storage"
    assert queue["num_consumers"] == 1, "several would change the order"
    # 68 years, at one try in 30 s at most
    assert (
        sender.get("retry", {}).get("max_retries") == 2**31 - 1
        or sender["retry_on_failure"]["max_elapsed_time"] == "0s"
    )
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
