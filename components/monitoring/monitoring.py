"""The component that tells Prometheus and Grafana of one application."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..refusal import refuse
from . import dashboard, rules
from .args import MonitoringArgs, Thresholds
from .rules import Watched

OPERATOR = "monitoring.coreos.com/v1"
METRICS_PORT_NAME = "metrics"
"""Name of the port with the numbers, in the pods of Kotaemon and of LogShipping."""


def check(name: str, args: MonitoringArgs) -> list[str]:
    """Mistakes in the arguments of Monitoring(name, args); none: it can be made."""
    chosen = args.get("thresholds", Thresholds())
    fill = int(chosen.get("fill_percent", 85))
    low = [key for key, value in chosen.items() if key != "fill_percent" and int(str(value).split(".")[0]) < 1]
    return [
        *(
            []
            if 1 <= fill < rules.URGENT_PERCENT
            else [f"thresholds.fill_percent: {fill} is not allowed; it is 1 to 94"]
        ),
        *(f"thresholds.{key}: {chosen[key]} is not allowed; it must be 1 or more" for key in low),  # type: ignore[literal-required]
    ]


def watched(args: MonitoringArgs, namespace: str, shipping: str) -> Watched:
    """What the alerts are about, with every default filled in."""
    chosen = args.get("thresholds", Thresholds())
    return Watched(
        namespace=namespace,
        application=args.get("application", "kotaemon"),
        volumes=sorted(args.get("volumes", [])),
        backups=sorted(args.get("backups", [])),
        drills=sorted(args.get("drills", [])),
        shipping_namespace=shipping,
        fill_percent=int(chosen.get("fill_percent", 85)),
        backup_hours=int(chosen.get("backup_hours", 36)),
        drill_hours=int(chosen.get("drill_hours", 192)),
        release_minutes=int(chosen.get("release_minutes", 60)),
        unshipped_minutes=int(chosen.get("unshipped_minutes", 15)),
        copy_mib_per_second=int(chosen.get("copy_mib_per_second", 20)),
    )


class Monitoring(pulumi.ComponentResource):
    """A PrometheusRule, the PodMonitors and a dashboard for one application, each of them optional.

    Raises pulumi.RunError with all mistakes of the arguments before anything is registered.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: ResourceOptions | None = None) -> None:
        refuse("Monitoring", name, check(name, args))
        super().__init__("kotaemon:index:Monitoring", name, None, opts)
        self._name, self._args = name, args
        places = Output.all(args["namespace"], args.get("shipping_namespace", ""))
        told = places.apply(lambda known: watched(args, *known))
        if args.get("rules", True):
            self._tell_prometheus(told)
        if args.get("dashboard", True):
            elastic = args.get("elastic", {})
            k8s.core.v1.ConfigMap(
                f"{name}-dashboard",
                metadata=self._meta(f"{name}-dashboard", dashboard.SIDECAR),
                data={f"{name}.json": told.apply(lambda known: dashboard.text(known, elastic))},
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def _tell_prometheus(self, told: Output[Watched]) -> None:
        k8s.apiextensions.CustomResource(
            f"{self._name}-rules",
            api_version=OPERATOR,
            kind="PrometheusRule",
            metadata=self._meta(self._name),
            spec={"groups": told.apply(rules.groups)},
            opts=ResourceOptions(parent=self),
        )
        self._pods("pods", self._args["namespace"], "kotaemon")
        if "shipping_namespace" in self._args:
            self._pods("shipping", self._args["shipping_namespace"], "kotaemon-logs")

    def _pods(self, what: str, namespace: Input[str], application: str) -> None:
        """A PodMonitor: pods of the application have no Service that leads to each of them.

        Our numbers name their pod themselves: the same name as the one that Prometheus would give.
        """
        spec: dict[str, Any] = {
            "selector": {"matchLabels": {"app.kubernetes.io/name": application}},
            "podMetricsEndpoints": [{"port": METRICS_PORT_NAME, "interval": "30s", "honorLabels": True}],
        }
        k8s.apiextensions.CustomResource(
            f"{self._name}-{what}",
            api_version=OPERATOR,
            kind="PodMonitor",
            metadata=ObjectMetaArgs(
                name=f"{self._name}-{what}", namespace=namespace, labels=dict(self._args.get("labels", {}))
            ),
            spec=spec,
            opts=ResourceOptions(parent=self),
        )

    def _meta(self, name: str, more: dict[str, str] | None = None) -> ObjectMetaArgs:
        labels = {**self._args.get("labels", {}), **(more or {})}
        return ObjectMetaArgs(name=name, namespace=self._args["namespace"], labels=labels)
