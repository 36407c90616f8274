"""The alerts, checked and tried by promtool: each fires when it should, and is silent beside it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devcluster import recipe, toolchain
from tests.programs import alerts
from tests.unit.components.monitoring.test_monitoring import names

DISK = '{namespace="kotaemon",persistentvolumeclaim="kotaemon-disk"}'
JOB = '{namespace="kotaemon",cronjob="kotaemon-database-backup"}'
DRILL = '{namespace="kotaemon",cronjob="kotaemon-backup-drill"}'
APP = '{namespace="kotaemon",deployment="kotaemon"}'
POD = '{namespace="kotaemon",pod="kotaemon-a"}'
SHIPPER = '{namespace="kotaemon",pod="kotaemon-logs-0",exporter="otlp_http"}'
UP = {f"otelcol_process_uptime{SHIPPER}": "1+60x400"}
Series = dict[str, str]


@pytest.fixture(scope="module")
def promtool() -> Path:
    return alerts.promtool()


def firing(promtool: Path, folder: Path, series: Series, minutes: int, names: list[str]) -> str:
    """What promtool says when exactly these alerts, of all that there are, are to fire after so many minutes."""
    every = sorted({rule["alert"] for group in alerts.rendered() for rule in group["rules"] if "alert" in rule})
    assert set(names) <= set(every)
    rules = alerts.write(folder)
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        # An alert with no expected ones must not fire. Labels and sentences are looked at in the rules' own tests.
        "promql_expr_test": [
            {
                "expr": f'count by (alertname) (ALERTS{{alertname="{name}",alertstate="firing"}})',
                "eval_time": f"{minutes}m",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1}] if name in names else [],
            }
            for name in every
        ],
    }
    file = folder / "tests.yml"
    file.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}))
    done = alerts.run(promtool, "test", "rules", str(file))
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_rules_are_rules(promtool: Path, tmp_path: Path) -> None:
    done = alerts.run(promtool, "check", "rules", str(alerts.write(tmp_path)))
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_a_mistake(promtool: Path, tmp_path: Path) -> None:
    broken = tmp_path / "rules.yml"
    broken.write_text(json.dumps({"groups": [{"name": "x", "rules": [{"alert": "A", "expr": "sum by ("}]}]}))
    assert alerts.run(promtool, "check", "rules", str(broken)).returncode != 0
    assert firing(promtool, tmp_path, UP, 30, ["KotaemonVolumeFull"]) != ""


def volume(free: str, capacity: str = "100x100", inodes: str = "1000x100", inodes_free: str = "900x100") -> Series:
    return UP | {
        f"kubelet_volume_stats_available_bytes{DISK}": free,
        f"kubelet_volume_stats_capacity_bytes{DISK}": capacity,
        f"kubelet_volume_stats_inodes{DISK}": inodes,
        f"kubelet_volume_stats_inodes_free{DISK}": inodes_free,
    }


def deployment(generation: int = 2, seen: int = 2, wanted: int = 3, updated: int = 3, available: int = 3) -> Series:
    values = {
        "metadata_generation": generation,
        "status_observed_generation": seen,
        "spec_replicas": wanted,
        "status_replicas_updated": updated,
        "status_replicas_available": available,
    }
    return UP | {f"kube_deployment_{name}{APP}": f"{value}x400" for name, value in values.items()}


def sessions(until: str) -> Series:
    return UP | {
        f"kotaemon_sessions_exported_until_seconds{POD}": until,
        f"kotaemon_sessions_export_lag_limit_seconds{POD}": "60x400",
    }


def queue(size: str, sent: str) -> Series:
    return UP | {f"otelcol_exporter_queue_size{SHIPPER}": size, f"otelcol_exporter_sent_log_records{SHIPPER}": sent}


CASES: list[tuple[str, Series, int, list[str]]] = [
    ("all is well", volume("50x100") | deployment() | queue("0x100", "0+10x100"), 60, []),
    ("a volume at 86 percent", volume("14x100"), 30, ["KotaemonVolumeFilling"]),
    ("a volume at 84 percent", volume("16x100"), 30, []),
    ("a volume at 96 percent", volume("4x100"), 30, ["KotaemonVolumeFilling", "KotaemonVolumeFull"]),
    ("no files left", volume("50x100", inodes_free="10x100"), 30, ["KotaemonFilesRunningOut"]),
    ("a file system without a number of files", volume("50x100", inodes="0x100", inodes_free="0x100"), 30, []),
    (
        "another namespace's volume",
        {name.replace("kotaemon", "other", 1): value for name, value in volume("1x100").items()} | UP,
        30,
        [],
    ),
    (
        "a copy of 35 hours ago",
        UP | {f"otelcol_process_uptime{SHIPPER}": "1x3000", f"kube_cronjob_status_last_successful_time{JOB}": "0x3000"},
        35 * 60,
        [],
    ),
    (
        "a copy of 37 hours ago",
        UP | {f"otelcol_process_uptime{SHIPPER}": "1x3000", f"kube_cronjob_status_last_successful_time{JOB}": "0x3000"},
        37 * 60,
        ["KotaemonBackupTooOld"],
    ),
    (
        "never a copy",
        UP | {f"otelcol_process_uptime{SHIPPER}": "1x3000", f"kube_cronjob_created{JOB}": "0x3000"},
        37 * 60,
        ["KotaemonBackupTooOld"],
    ),
    (
        "a good drill of seven days ago",
        UP
        | {
            f"otelcol_process_uptime{SHIPPER}": "1x12000",
            f"kube_cronjob_status_last_successful_time{DRILL}": "0x12000",
        },
        7 * 24 * 60,
        [],
    ),
    (
        "no good drill for nine days, and runs that were bad",
        UP
        | {
            f"otelcol_process_uptime{SHIPPER}": "1x14000",
            f"kube_cronjob_status_last_successful_time{DRILL}": "0x14000",
        },
        9 * 24 * 60,
        ["KotaemonDrillTooOld"],
    ),
    ("a new CronJob", UP | {f"kube_cronjob_created{JOB}": "0x3000"}, 60, []),
    ("a roll-out of half an hour", deployment(updated=1), 30, []),
    ("a roll-out of more than an hour", deployment(updated=1), 70, ["KotaemonReleaseTakesLong"]),
    ("a version that nobody took up", deployment(seen=1), 70, ["KotaemonReleaseTakesLong"]),
    ("a pod that is not ready", deployment(available=2), 70, ["KotaemonReleaseTakesLong"]),
    ("a queue that moves", queue("5x100", "0+10x100"), 30, []),
    ("a queue that stands for ten minutes", queue("5x100", "0+10x20 200x100"), 30, []),
    ("a queue that stands", queue("5x100", "0+10x20 200x100"), 60, ["KotaemonLogsUnshipped"]),
    (
        "a queue that never moved",
        UP | {f"otelcol_exporter_queue_size{SHIPPER}": "5x100"},
        40,
        ["KotaemonLogsUnshipped"],
    ),
    ("no shipper", {f"kotaemon_half_indexed_files{POD}": "0x100"}, 30, ["KotaemonShipperAway"]),
    (
        "refused lines, the first ones",
        UP | {f"otelcol_exporter_send_failed_log_records{SHIPPER}": "_x20 100x100"},
        25,
        ["KotaemonLogsRefused"],
    ),
    ("lines refused long ago", UP | {f"otelcol_exporter_send_failed_log_records{SHIPPER}": "100x100"}, 60, []),
    ("dropped lines", UP | {f"kotaemon_log_dropped_lines_total{POD}": "0x20 7x100"}, 25, ["KotaemonLogLinesDropped"]),
    ("half indexed files", UP | {f"kotaemon_half_indexed_files{POD}": "2x100"}, 70, ["KotaemonHalfIndexed"]),
    (
        "the vector store fails",
        UP | {f"kotaemon_vector_store_failures_total{POD}": "3x20 4x100"},
        25,
        ["KotaemonVectorStoreFails"],
    ),
    ("sessions a minute late", sessions("0+60x100"), 30, []),
    ("sessions nobody exports any more", sessions("0x100"), 30, ["KotaemonSessionsNotExported"]),
    (
        "a slow copy of models",
        UP | {f"kotaemon_models_fill_bytes{POD}": "2000000000x9", f"kotaemon_models_fill_seconds{POD}": "200x9"},
        5,
        ["KotaemonModelsCopySlow"],
    ),
    (
        "a small copy of models",
        UP | {f"kotaemon_models_fill_bytes{POD}": "2000x9", f"kotaemon_models_fill_seconds{POD}": "200x9"},
        5,
        [],
    ),
]


@pytest.mark.parametrize(("series", "minutes", "names"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_fires(promtool: Path, tmp_path: Path, series: Series, minutes: int, names: list[str]) -> None:
    assert firing(promtool, tmp_path, series, minutes, names) == ""


def test_the_kubelet_of_the_devcluster_has_the_numbers_of_volumes() -> None:
    """The names in the source that the kubelet of real nodes is built from."""
    go = toolchain.find_go()
    done = subprocess.run(
        [str(go), "mod", "download", "-json", "k8s.io/kubernetes"],
        cwd=recipe.MODULES / recipe.KUBERNETES,
        env=toolchain.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    source = (Path(json.loads(done.stdout)["Dir"]) / "pkg/kubelet/metrics/metrics.go").read_text()
    emitted = {f"kubelet_{name}" for name in re.findall(r'VolumeStats\w+Key\s*=\s*"(\w+)"', source)}
    read = {name for name in names() if name.startswith("kubelet_")}
    assert len(read) == 5
    assert read <= emitted
