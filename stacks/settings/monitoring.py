"""The section `kotaemon:monitoring` of a stack file."""

from typing import Any

from pydantic import Field

from components.monitoring.args import Thresholds
from stacks.settings.fields import DnsLabel, Strict


class ThresholdSettings(Strict):
    """When an alert fires."""

    fill_percent: int | None = Field(
        None, ge=1, le=94, description="Percent of a volume from which it is told as filling; default 85."
    )
    backup_hours: int | None = Field(
        None, ge=1, description="Hours since the last copy of a store that ended well; default 36."
    )
    drill_hours: int | None = Field(
        None, ge=1, description="Hours since the last restore drill that was good; default 192: eight days."
    )
    release_minutes: int | None = Field(None, ge=1, description="Minutes that a roll-out may take; default 60.")
    unshipped_minutes: int | None = Field(
        None, ge=1, description="Minutes that the oldest log line may wait to be shipped; default 15."
    )
    copy_mib_per_second: int | None = Field(
        None, ge=1, description="MiB/s below which a copy of models of more than 1 GiB is slow; default 20."
    )


class MonitoringSettings(Strict):
    """Tells the cluster's Prometheus and Grafana of this stack; see docs/monitoring.md."""

    prometheus_namespace: DnsLabel = Field(
        "monitoring", description="Namespace of Prometheus, whose pods may read the numbers of this stack's pods."
    )
    labels: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Labels that your Prometheus selects rules and monitors by, for example release: "
        "kube-prometheus-stack.",
    )
    rules: bool = Field(
        True, description="Whether to make the alerts and the PodMonitors; they need the Prometheus Operator."
    )
    dashboard: bool = Field(
        True, description="Whether to make the ConfigMap with the dashboard, as Grafana's sidecar finds it."
    )
    thresholds: ThresholdSettings = Field(
        default_factory=lambda: ThresholdSettings.model_validate({}),
        description="Values from which on an alert fires; each has a default.",
    )

    def limits(self) -> Thresholds:
        """The thresholds that are given, as an argument of `Monitoring`."""
        found: Any = {name: value for name, value in self.thresholds if value is not None}
        return found
