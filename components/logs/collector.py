"""The configuration of the OpenTelemetry Collector: files in, one output out, and nothing lost on the way.

Nothing is dropped for want of room: the queue is on a disk and has a size; when it is full, or memory is short, reading
waits, and the files are the buffer. A batch that the output cannot take now is tried for ever, and in order: by one
consumer. A batch that it refuses for good (a wrong token, a record it cannot read) is the dead letter: it is counted
(`otelcol_exporter_send_failed_log_records`), said in the Collector's log and not sent again, so that it holds
nothing up; its lines stay in the files until these are rotated away.

https://opentelemetry.io/docs/collector/configuration;
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/filelogreceiver;
https://github.com/open-telemetry/opentelemetry-collector/blob/main/exporter/exporterhelper/README.md.
"""

import json
from typing import Any

from .args import LogOutputKind
from .outputs import OUTPUTS
from .outputs.base import FOR_EVER, variable
from .shipping import Shipping

LOGS_DIR, STATE_DIR = "/logs", "/state"
NODE_LOGS = "/var/log/pods"
NAMESPACE = "APPLICATION_NAMESPACE"
"""Variable of an agent's container with the namespace of the application."""
HEALTH_PORT, METRICS_PORT = 13133, 8888
POLL = "2s"
"""How often the files are looked at. The receiver polls, and needs no inotify, which sees nothing of what other clients
write to a network file system."""
QUEUE_BYTES = 128 * 1024 * 1024
MEMORY_MIB = 256
FLAGS = ("--feature-gates=stanza.synchronousLogEmitter",)
"""Without it up to 100 lines wait in memory while their position is saved already, and a kill loses them
(open-telemetry/opentelemetry-collector-contrib#35456)."""
FIRST_LINE = r"^launch: log file of \S+, begun (?P<begun>\S+)$"
"""What every file of the launcher begins with (components/kotaemon/runtime/ks_log_file.py)."""
UID = "log.record.uid"
"""Name of a record: its pod, when its file was begun, its place in the file. A Collector that was killed sends what it
read since it last saved its position once more, under the same name, and the convention is that the receiver removes it
(https://opentelemetry.io/docs/specs/semconv/registry/attributes/log)."""


def text(made: Shipping) -> str:
    """The configuration as JSON, which is YAML."""
    return json.dumps(config(made), indent=1) + "\n"


def config(made: Shipping) -> dict[str, Any]:
    """The configuration. Secrets are variables of the container."""
    exporter, output = OUTPUTS[LogOutputKind(made.output["kind"])].collector(made.output, made.credentials)
    return {
        "extensions": {
            "file_storage": {
                "directory": STATE_DIR,
                "fsync": True,
                "compaction": {"on_start": True, "directory": STATE_DIR, "cleanup_on_start": True},
            },
            "health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"},
        },
        "receivers": {"file_log": _node_files(made) if made.agent else _shared_files(made)},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": MEMORY_MIB * 3 // 4, "spike_limit_mib": 48}
        },
        "exporters": {exporter: output | {"sending_queue": _queue()}},
        "service": {
            "extensions": ["file_storage", "health_check"],
            "pipelines": {
                "logs": {"receivers": ["file_log"], "processors": ["memory_limiter"], "exporters": [exporter]}
            },
            "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": _metrics()}}}]}},
        },
    }


def _metrics() -> dict[str, Any]:
    return {"host": "0.0.0.0", "port": METRICS_PORT}  # noqa: S104 the pod's own address


def _queue() -> dict[str, Any]:
    """On the disk, and one batch at a time."""
    return {
        "enabled": True,
        "storage": "file_storage",
        "sizer": "bytes",
        "queue_size": QUEUE_BYTES,
        "block_on_overflow": True,
        "num_consumers": 1,
    }


def _files() -> dict[str, Any]:
    return {
        "start_at": "beginning",
        "poll_interval": POLL,
        "storage": "file_storage",
        "include_file_record_offset": True,
        "max_log_size": "1MiB",
        # One file after the other, in the order of their names: two files of a pod at once would mix its lines.
        "max_concurrent_files": 2,
        "retry_on_failure": {"enabled": True, "max_elapsed_time": FOR_EVER},
    }


def _shared_files(made: Shipping) -> dict[str, Any]:
    pod, begun, offset = 'resource["k8s.pod.name"]', "attributes.begun", 'attributes["log.file.record_offset"]'
    named = f"{begun} != nil"
    operators: list[dict[str, Any]] = [
        {
            "type": "regex_parser",
            "parse_from": 'attributes["log.file.path"]',
            "regex": f"^{LOGS_DIR}/(?P<pod>[^/]+)/",
        },
        {"type": "move", "from": "attributes.pod", "to": pod},
        {"type": "add", "field": 'resource["service.name"]', "value": made.application},
        {
            "type": "add",
            "field": f'attributes["{UID}"]',
            "value": f'EXPR({pod} + "/" + {begun} + "/" + string({offset}))',
            "if": named,
        },
        {"type": "remove", "field": begun, "if": named},
    ]
    return _files() | {
        "include": [f"{LOGS_DIR}/*/app-*.log"],
        "include_file_path": True,
        "header": {"pattern": FIRST_LINE, "metadata_operators": [{"type": "regex_parser", "regex": FIRST_LINE}]},
        "operators": operators,
    }


def _node_files(made: Shipping) -> dict[str, Any]:
    """Files of the kubelet: their names have namespace, pod and container, which the operator makes attributes of."""
    return _files() | {
        "include": [f"{NODE_LOGS}/{variable(NAMESPACE)}_{made.application}-*/*/*.log*"],
        "exclude": [f"{NODE_LOGS}/*/*/*.gz"],
        "include_file_path": True,
        "operators": [{"type": "container"}],
    }
