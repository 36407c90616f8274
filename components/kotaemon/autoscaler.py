"""The HorizontalPodAutoscaler, in a module of its own: its SDK module is loaded by stacks that have one."""

from pulumi_kubernetes.autoscaling.v2 import (
    CrossVersionObjectReferenceArgs,
    HorizontalPodAutoscalerBehaviorArgs,
    HorizontalPodAutoscalerSpecArgs,
    HPAScalingPolicyArgs,
    HPAScalingRulesArgs,
    MetricSpecArgs,
    MetricTargetArgs,
    ResourceMetricSourceArgs,
)

from .application import Application
from .args import Autoscaler


def autoscaler_spec(app: Application, scaling: Autoscaler) -> HorizontalPodAutoscalerSpecArgs:
    """Scales with CPU use. Scaling down is slow, because a pod's sessions are in its memory and end with it
    (docs/facts/kotaemon.md 3)."""
    target = MetricTargetArgs(type="Utilization", average_utilization=int(scaling.get("cpu_percent", 80)))
    return HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=CrossVersionObjectReferenceArgs(api_version="apps/v1", kind="Deployment", name=app.name),
        min_replicas=int(scaling["min_replicas"]),
        max_replicas=int(scaling["max_replicas"]),
        metrics=[MetricSpecArgs(type="Resource", resource=ResourceMetricSourceArgs(name="cpu", target=target))],
        behavior=HorizontalPodAutoscalerBehaviorArgs(
            scale_down=HPAScalingRulesArgs(
                stabilization_window_seconds=1800,
                policies=[HPAScalingPolicyArgs(type="Pods", value=1, period_seconds=600)],
            )
        ),
    )
