"""The alerts' metric names, and Monitoring under mocks. Whether the alerts fire is tried in tests/programs."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.monitoring import dashboard
from components.monitoring.args import MonitoringArgs
from components.monitoring.monitoring import Monitoring, check, watched
from components.monitoring.rules import groups
from plan.recorder import Run
from tests.unit.components.kotaemon.runtime.test_ks_metrics import OURS

ARGS = MonitoringArgs(
    namespace="kotaemon",
    volumes=["kotaemon-disk"],
    elastic={"kotaemon-files": "CloudWatch"},
    backups=["kotaemon-database-backup"],
    drills=["kotaemon-backup-drill"],
    shipping_namespace="kotaemon-logs",
)
ELSEWHERE = {
    # kubernetes/kube-state-metrics: docs/metrics/workload, all of them STABLE
    *("kube_cronjob_created", "kube_cronjob_status_last_successful_time"),
    *(f"kube_deployment_{name}" for name in ("metadata_generation", "spec_replicas")),
    *(f"kube_deployment_status_{name}" for name in ("observed_generation", "replicas_updated", "replicas_available")),
    # kubernetes/kubernetes: pkg/kubelet/metrics/metrics.go, VolumeStats*Key
    *(f"kubelet_volume_stats_{name}_bytes" for name in ("available", "capacity", "used")),
    *(f"kubelet_volume_stats_inodes{name}" for name in ("", "_free")),
    # ks_models_fill.py, the copy of models at a pod's start
    *("kotaemon_models_fill_bytes", "kotaemon_models_fill_seconds"),
    # sessions/sessions_export.py, the sidecar; tests/unit/components/kotaemon/runtime/sessions reads what it says
    *("kotaemon_sessions_exported_until_seconds", "kotaemon_sessions_export_lag_limit_seconds"),
}
"""Names that nothing in this test emits, and where they stand. Those of the Collector: tests/programs."""


def expressions() -> Iterator[str]:
    told = watched(ARGS, "kotaemon", "kotaemon-logs")
    for group in groups(told):
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads(dashboard.text(told, {}))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def names() -> set[str]:
    """Every metric that a rule or a panel reads."""
    without_labels = (re.sub(r"\{[^}]*\}", "", text) for text in expressions())
    return {name for text in without_labels for name in re.findall(r"\b(?:kube|kubelet|kotaemon|otelcol)_\w+", text)}


def test_every_name_is_emitted_by_somebody() -> None:
    found = {name for name in names() if not name.startswith("otelcol_")}
    assert found <= {*OURS, *ELSEWHERE}
    assert set(ELSEWHERE) <= found, "a name that no rule reads"


def test_only_what_is_there_has_alerts() -> None:
    told = watched(MonitoringArgs(namespace="kotaemon"), "kotaemon", "")
    text = json.dumps(groups(told))
    assert "kubelet_volume" not in text
    assert "kube_cronjob" not in text
    assert "otelcol" not in text
    assert "kotaemon_half_indexed_files" in text


def test_a_dot_in_a_name_is_no_pattern() -> None:
    told = watched(MonitoringArgs(namespace="kotaemon", volumes=["a.b"]), "kotaemon", "")
    assert r'persistentvolumeclaim=~"a\\.b"' in groups(told)[0]["rules"][0]["expr"]


def test_mistakes() -> None:
    assert check("m", ARGS) == []
    said = check("m", MonitoringArgs(namespace="x", thresholds={"fill_percent": 95, "backup_hours": 0}))
    assert said == [
        "thresholds.fill_percent: 95 is not allowed; it is 1 to 94",
        "thresholds.backup_hours: 0 is not allowed; it must be 1 or more",
    ]


def made(pulumi_run: Callable[..., Run], **changes: Any) -> Run:
    def program() -> dict[str, Any]:
        args: Any = ARGS | changes  # type: ignore[operator]
        Monitoring("kotaemon-monitoring", args)
        return {}

    return pulumi_run(program)


def test_objects(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, labels={"release": "prometheus"})
    rule = run.one("kubernetes:monitoring.coreos.com/v1:PrometheusRule")
    assert rule.inputs["metadata"]["labels"] == {"release": "prometheus"}
    assert rule.inputs["spec"]["groups"][0]["rules"]
    monitors = run.of("kubernetes:monitoring.coreos.com/v1:PodMonitor")
    assert [monitor.inputs["metadata"]["namespace"] for monitor in monitors] == ["kotaemon", "kotaemon-logs"]
    assert [monitor.inputs["spec"]["podMetricsEndpoints"][0]["port"] for monitor in monitors] == ["metrics"] * 2
    config = run.one("kubernetes:core/v1:ConfigMap")
    assert config.inputs["metadata"]["labels"]["grafana_dashboard"] == "1"
    panels = json.loads(config.inputs["data"]["kotaemon-monitoring.json"])["panels"]
    assert panels[-1]["options"]["content"] == "- kotaemon-files: CloudWatch"


@pytest.mark.parametrize(("off", "kinds"), [("rules", {"ConfigMap"}), ("dashboard", {"PrometheusRule", "PodMonitor"})])
def test_each_is_optional(pulumi_run: Callable[..., Run], off: str, kinds: set[str]) -> None:
    run = made(pulumi_run, **{off: False})
    assert {r.type.rpartition(":")[2] for r in run.registrations if r.custom} == kinds
