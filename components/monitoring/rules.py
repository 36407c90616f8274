"""The alerts as a PrometheusRule. Which program emits each metric is in docs/monitoring.md; tests hold the names.

https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

RUNBOOKS = "docs/monitoring.md"
URGENT_PERCENT = 95


class Watched(NamedTuple):
    """What the alerts are about, with every default filled in."""

    namespace: str
    application: str
    volumes: Sequence[str]
    backups: Sequence[str]
    drills: Sequence[str]
    shipping_namespace: str
    """Empty: no logs are shipped."""
    fill_percent: int
    backup_hours: int
    drill_hours: int
    release_minutes: int
    unshipped_minutes: int
    copy_mib_per_second: int


def groups(watched: Watched) -> list[dict[str, Any]]:
    """`spec.groups` of the PrometheusRule."""
    rules = [
        *_volumes(watched),
        *_backups(watched),
        *_release(watched),
        *_application(watched),
        *_shipping(watched),
    ]
    return [{"name": f"{watched.application}.rules", "rules": rules}]


def alert(name: str, expr: str, minutes: int, severity: str, summary: str) -> dict[str, Any]:
    """One alert. The summary is a whole sentence, with labels of the metric in braces."""
    return {
        "alert": name,
        "expr": expr,
        "for": f"{minutes}m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": f"What to do: {RUNBOOKS}, {name}."},
    }


def one_of(names: Sequence[str]) -> str:
    """A pattern of PromQL for these names, which hold no character that a pattern knows but the dot."""
    return "|".join(name.replace(".", r"\\.") for name in names)


def grows(metric: str, minutes: int) -> str:
    """Whether a counter grew, also from nothing: `increase` misses the value that a counter appears with."""
    return f"({metric} - {metric} offset {minutes}m > 0) or ({metric} > 0 unless {metric} offset {minutes}m)"


def _volumes(watched: Watched) -> list[dict[str, Any]]:
    if not watched.volumes:
        return []
    of = f'{{namespace="{watched.namespace}",persistentvolumeclaim=~"{one_of(watched.volumes)}"}}'
    free = f"kubelet_volume_stats_available_bytes{of} / kubelet_volume_stats_capacity_bytes{of}"
    # A file system without a fixed number of files says 0 of it.
    files = f"kubelet_volume_stats_inodes_free{of} / (kubelet_volume_stats_inodes{of} > 0)"
    volume = "the volume {{ $labels.persistentvolumeclaim }}"
    left = round(1 - watched.fill_percent / 100, 2)
    urgent = round(1 - URGENT_PERCENT / 100, 2)
    of_files = f"Few files are left in {volume}: {{{{ $value | humanizePercentage }}}}."
    return [
        alert(
            "KotaemonVolumeFilling",
            f"{free} < {left}",
            10,
            "warning",
            f"{volume.capitalize()} has {{{{ $value | humanizePercentage }}}} left.",
        ),
        alert(
            "KotaemonVolumeFull",
            f"{free} < {urgent}",
            1,
            "critical",
            f"{volume.capitalize()} has {{{{ $value | humanizePercentage }}}} left: uploads and indexing will fail.",
        ),
        alert("KotaemonFilesRunningOut", f"{files} < {left}", 10, "warning", of_files),
    ]


def _backups(watched: Watched) -> list[dict[str, Any]]:
    hours, drill_hours = watched.backup_hours, watched.drill_hours
    found: list[dict[str, Any]] = []
    if watched.backups:
        said = f"{{{{ $labels.cronjob }}}} made no copy for {hours} hours."
        found.append(_too_old("KotaemonBackupTooOld", watched, watched.backups, hours, said))
    if watched.drills:
        said = f"No restore drill of {{{{ $labels.cronjob }}}} was good for {drill_hours} hours."
        found.append(_too_old("KotaemonDrillTooOld", watched, watched.drills, drill_hours, said))
    return found


def _too_old(name: str, watched: Watched, jobs: Sequence[str], hours: int, said: str) -> dict[str, Any]:
    """An alert about the last run of CronJobs that ended well: one that ends badly does not count, and none never."""
    of, seconds = f'{{namespace="{watched.namespace}",cronjob=~"{one_of(jobs)}"}}', hours * 3600
    never = (
        f"time() - kube_cronjob_created{of} > {seconds} "
        f"unless on (namespace, cronjob) kube_cronjob_status_last_successful_time{of}"
    )
    late = f"(time() - kube_cronjob_status_last_successful_time{of} > {seconds}) or ({never})"
    return alert(name, late, 5, "critical", said)


def _release(watched: Watched) -> list[dict[str, Any]]:
    of = f'{{namespace="{watched.namespace}",deployment="{watched.application}"}}'
    return [
        {
            "record": "kotaemon:release_in_progress",
            # The controller has not seen the new version yet, or not every pod has it, or one of them is not ready.
            "expr": "max by (namespace, deployment) ("
            f"(kube_deployment_metadata_generation{of} > bool kube_deployment_status_observed_generation{of}) + "
            f"(kube_deployment_spec_replicas{of} != bool kube_deployment_status_replicas_updated{of}) + "
            f"(kube_deployment_spec_replicas{of} > bool kube_deployment_status_replicas_available{of})) > bool 0",
        },
        alert(
            "KotaemonReleaseTakesLong",
            f"kotaemon:release_in_progress{of} > 0",
            watched.release_minutes,
            "warning",
            f"The roll-out of {watched.application} takes more than {watched.release_minutes} minutes.",
        ),
    ]


def _application(watched: Watched) -> list[dict[str, Any]]:
    of = f'{{namespace="{watched.namespace}"}}'
    rate = f"kotaemon_models_fill_bytes{of} / kotaemon_models_fill_seconds{of}"
    slow = f"(kotaemon_models_fill_bytes{of} > {2**30}) * 0 + {rate} < {watched.copy_mib_per_second * 2**20}"
    return [
        alert(
            "KotaemonHalfIndexed",
            f"kotaemon_half_indexed_files{of} > 0",
            60,
            "warning",
            "{{ $value }} files are half indexed, and answers miss what is in them.",
        ),
        alert(
            "KotaemonVectorStoreFails",
            grows(f"kotaemon_vector_store_failures_total{of}", 10),
            0,
            "warning",
            "Calls of the vector store fail in {{ $labels.pod }}.",
        ),
        alert(
            "KotaemonLogLinesDropped",
            grows(f"kotaemon_log_dropped_lines_total{of}", 10),
            0,
            "warning",
            "The log file of {{ $labels.pod }} misses lines: its volume is full or does not answer.",
        ),
        alert(
            "KotaemonSessionsNotExported",
            f"time() - max by (namespace) (kotaemon_sessions_exported_until_seconds{of}) > "
            f"3 * max by (namespace) (kotaemon_sessions_export_lag_limit_seconds{of})",
            1,
            "warning",
            "The files of the sessions are {{ $value | humanizeDuration }} behind the database.",
        ),
        alert(
            "KotaemonModelsCopySlow",
            slow,
            0,
            "warning",
            "Models were copied to {{ $labels.pod }} with {{ $value | humanize1024 }}B/s.",
        ),
    ]


def _shipping(watched: Watched) -> list[dict[str, Any]]:
    if not watched.shipping_namespace:
        return []
    of, minutes = f'{{namespace="{watched.shipping_namespace}"}}', watched.unshipped_minutes
    by = "by (namespace, pod)"
    waits = f"min {by} (min_over_time(otelcol_exporter_queue_size{of}[{minutes}m])) > 0"
    sends = f"sum {by} (increase(otelcol_exporter_sent_log_records{of}[{minutes}m])) > 0"
    return [
        # The queue is in order: where it was never empty and nothing was sent, its oldest line waits that long.
        alert(
            "KotaemonLogsUnshipped",
            f"({waits}) unless ({sends})",
            1,
            "warning",
            f"The oldest line in {{{{ $labels.pod }}}} waits for more than {minutes} minutes to be shipped.",
        ),
        alert(
            "KotaemonLogsRefused",
            grows(f"otelcol_exporter_send_failed_log_records{of}", 10),
            0,
            "critical",
            "The log server refuses lines for good; they are in the pods' files only.",
        ),
        alert(
            "KotaemonShipperAway",
            f"absent(otelcol_process_uptime{of})",
            minutes,
            "warning",
            "No pod that ships logs was seen.",
        ),
    ]
