"""The dashboard, as Grafana's own JSON.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model.
"""

import json
from collections.abc import Mapping
from typing import Any

from .rules import Watched, one_of

SIDECAR = {"grafana_dashboard": "1"}
"""Label by which the sidecar of Grafana's chart finds dashboards
(https://github.com/grafana/helm-charts/blob/main/charts/grafana/README.md)."""
WIDTH, HEIGHT = 12, 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def text(watched: Watched, elastic: Mapping[str, str]) -> str:
    """The dashboard of one application."""
    of = f'{{namespace="{watched.namespace}"}}'
    claims = f'{{namespace="{watched.namespace}",persistentvolumeclaim=~"{one_of(watched.volumes) or "none"}"}}'
    jobs = f'{{namespace="{watched.namespace}",cronjob=~"{one_of([*watched.backups, *watched.drills]) or "none"}"}}'
    shippers = f'{{namespace="{watched.shipping_namespace or "none"}"}}'
    rate = f"kotaemon_models_fill_bytes{of} / kotaemon_models_fill_seconds{of}"
    panels = [
        graph(
            "Fill of volumes",
            "percentunit",
            f"kubelet_volume_stats_used_bytes{claims} / kubelet_volume_stats_capacity_bytes{claims}",
            "{{persistentvolumeclaim}}",
        ),
        graph(
            "Age of the last copy of each store, and of the last good drill",
            "s",
            f"time() - kube_cronjob_status_last_successful_time{jobs}",
            "{{cronjob}}",
        ),
        graph("Release in progress", "none", f"kotaemon:release_in_progress{of}", "{{deployment}}"),
        graph("Rate of the last copy of models", "binBps", rate, "{{pod}} {{version}}"),
        graph("Log lines that wait, in bytes", "bytes", f"otelcol_exporter_queue_size{shippers}", "{{pod}}"),
        graph("Lines that log files miss", "none", f"kotaemon_log_dropped_lines_total{of}", "{{pod}}"),
        graph("Files that are being indexed", "none", f"kotaemon_indexing_files{of}", "{{pod}}"),
        graph("Half indexed files", "none", f"kotaemon_half_indexed_files{of}", "{{pod}}"),
    ]
    if elastic:
        panels.append(words("Measured elsewhere", "\n".join(f"- {name}: {where}" for name, where in elastic.items())))
    return json.dumps(_dashboard(watched.application, panels), indent=1) + "\n"


def _dashboard(application: str, panels: list[dict[str, Any]]) -> dict[str, Any]:
    for number, panel in enumerate(panels):
        panel["id"] = number + 1
        panel["gridPos"] = {"h": HEIGHT, "w": WIDTH, "x": WIDTH * (number % 2), "y": HEIGHT * (number // 2)}
    return {
        "title": f"Kotaemon ({application})",
        "uid": f"{application}-storage",
        "schemaVersion": 39,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }


def graph(title: str, unit: str, expression: str, legend: str) -> dict[str, Any]:
    """One graph over time."""
    return {
        "title": title,
        "type": "timeseries",
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": expression, "legendFormat": legend}],
    }


def words(title: str, content: str) -> dict[str, Any]:
    """A panel of text."""
    return {"title": title, "type": "text", "options": {"mode": "markdown", "content": content}}
