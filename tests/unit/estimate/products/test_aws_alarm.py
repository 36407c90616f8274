"""Alarms of CloudWatch: recognised, and billed by the metrics that they read."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from components.monitoring.alarms import CloudWatchStorage
from components.monitoring.cloudwatch import CloudWatchAlarms, CloudWatchAlarmsArgs, CloudWatchWatched
from estimate.product import Use
from estimate.products.aws_alarm import AwsAlarm

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.mark.parametrize(("storage", "metrics"), [(CloudWatchStorage.OPENZFS, 2), (CloudWatchStorage.EFS, 1)])
def test_an_alarm_is_billed_by_the_metrics_that_it_reads(
    pulumi_run: Callable[..., Any], storage: CloudWatchStorage, metrics: int
) -> None:
    """infracost, cloudwatch_metric_alarm_test.golden: an expression of two metrics is two alarm metrics."""
    args = CloudWatchAlarmsArgs(
        region="us-east-1",
        topic="arn:aws:sns:us-east-1:111122223333:on-call",
        watched={"files": CloudWatchWatched(storage=storage, id="fs-1", size="100Gi")},
    )
    run = pulumi_run(lambda: CloudWatchAlarms("alarms", args) and None)
    full = next(one for one in run.of(ALARM) if one.name == "alarms-files-full")
    product = AwsAlarm.recognised().types[ALARM](full.inputs, None)
    assert product == AwsAlarm(metrics)
    [charge] = product.charges(Use())
    assert (charge.item, charge.quantity) == ("cloudwatch.alarm", Decimal(metrics))
