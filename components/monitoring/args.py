"""Arguments of Monitoring, which tells the cluster's Prometheus and Grafana of one application."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired


class Thresholds(TypedDict):
    """When an alert fires."""

    fill_percent: NotRequired[int]
    """Percent of a volume's bytes, or of its files, from which it is filling; default 85. At 95 it is urgent."""
    backup_hours: NotRequired[int]
    """Hours since the last copy of a store that ended well; default 36: one night may fail."""
    drill_hours: NotRequired[int]
    """Hours since the last restore drill that was good; default 192: it runs every week."""
    release_minutes: NotRequired[int]
    """Minutes that a roll-out may take; default 60."""
    unshipped_minutes: NotRequired[int]
    """Minutes that the oldest line may wait to be shipped; default 15."""
    copy_mib_per_second: NotRequired[int]
    """MiB/s below which a copy of models of more than 1 GiB is told as slow; default 20."""


class MonitoringArgs(TypedDict):
    """Arguments of Monitoring."""

    namespace: Input[str]
    """Namespace of the application, and of the objects that are made."""
    application: NotRequired[str]
    """Name of the component Kotaemon; default kotaemon."""
    volumes: NotRequired[Sequence[str]]
    """Names of the PersistentVolumeClaims whose fill the kubelet measures. Default: none."""
    elastic: NotRequired[Mapping[str, str]]
    """PersistentVolumeClaim -> where its fill is measured instead, in words, for the dashboard. Default: none."""
    backups: NotRequired[Sequence[str]]
    """Names of the CronJobs that copy stores. Default: none."""
    drills: NotRequired[Sequence[str]]
    """Names of the CronJobs that restore the newest backup. Default: none."""
    shipping_namespace: NotRequired[Input[str]]
    """Namespace of the pods of LogShipping; default: no logs are shipped."""
    labels: NotRequired[Mapping[str, str]]
    """Labels that your Prometheus selects rules and monitors by, for example release: kube-prometheus-stack."""
    rules: NotRequired[bool]
    """Whether to make the PrometheusRule and the PodMonitors, which need the Prometheus Operator; default true."""
    dashboard: NotRequired[bool]
    """Whether to make the ConfigMap with the dashboard, as Grafana's sidecar finds it; default true."""
    thresholds: NotRequired[Thresholds]
    """When an alert fires; default: the defaults of Thresholds."""
