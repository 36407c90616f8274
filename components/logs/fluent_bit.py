"""The configuration of Fluent Bit, for those who run it anyway: rendered and checked by its schema, and not run.

https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml: the format YAML, of which JSON is a part.
"""

import json
from typing import Any

from .args import LogOutputKind
from .collector import LOGS_DIR, METRICS_PORT, NAMESPACE, NODE_LOGS, QUEUE_BYTES, STATE_DIR
from .outputs import OUTPUTS
from .shipping import Shipping

TAG = "kotaemon.*"


def text(made: Shipping) -> str:
    """The configuration as JSON."""
    return json.dumps(config(made), indent=1) + "\n"


def config(made: Shipping) -> dict[str, Any]:
    """The configuration. Secrets are variables of the container."""
    output = OUTPUTS[LogOutputKind(made.output["kind"])].fluent_bit(made.output, made.credentials)
    return {
        "service": {
            "flush": 1,
            "log_level": "info",
            "http_server": "on",
            "http_listen": "0.0.0.0",  # noqa: S104 the pod's own address
            "http_port": METRICS_PORT,
            "health_check": "on",
            "storage.path": f"{STATE_DIR}/queue",
            "storage.sync": "full",
            "storage.backlog.mem_limit": "32M",
            "scheduler.cap": 30,
            # Its own parsers, for the format of the kubelet's files.
            "parsers_file": "/fluent-bit/etc/parsers.conf",
        },
        "pipeline": {
            "inputs": [_input(made)],
            "outputs": [
                output
                | {
                    "match": TAG,
                    "retry_limit": "no_limits",
                    "storage.total_limit_size": f"{QUEUE_BYTES // 1024 // 1024}M",
                    "workers": 1,
                }
            ],
        },
    }


def _input(made: Shipping) -> dict[str, Any]:
    common: dict[str, Any] = {
        "name": "tail",
        "tag": TAG,
        "path_key": "log.file.path",
        "offset_key": "log.file.record_offset",
        "read_from_head": "on",
        "refresh_interval": 5,
        "db": f"{STATE_DIR}/positions.db",
        "db.sync": "full",
        "storage.type": "filesystem",
        # Waits when the queue is full, and does not drop the oldest.
        "storage.pause_on_chunks_overlimit": "on",
        "buffer_max_size": "1M",
        "skip_long_lines": "on",
    }
    if made.agent:
        return common | {
            "path": f"{NODE_LOGS}/${{{NAMESPACE}}}_{made.application}-*/*/*.log",
            "multiline.parser": "docker, cri",
        }
    # inotify sees nothing of what other clients write to a network file system.
    return common | {"path": f"{LOGS_DIR}/*/app-*.log", "inotify_watcher": "off"}
