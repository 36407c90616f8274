"""The call for an alarm, from terraform-provider-aws: internal/service/cloudwatch/metric_alarm.go."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.cloud_api.aws.call import Call, Inputs, some, tags, used


def _alarm(left: Inputs, id_: str) -> Iterator[Call]:
    queries = left.pop("metricQueries", None)
    yield Call(
        "cloudwatch",
        "PutMetricAlarm",
        some(
            AlarmName=f"{id_}-1a2b3c4",  # the engine names it
            AlarmDescription=left.pop("alarmDescription"),
            AlarmActions=left.pop("alarmActions"),
            OKActions=left.pop("okActions"),
            Namespace=left.pop("namespace", None),
            MetricName=left.pop("metricName", None),
            Dimensions=None if queries else _dimensions(left.pop("dimensions")),
            Statistic=left.pop("statistic", None),
            Period=left.pop("period", None),
            EvaluationPeriods=left.pop("evaluationPeriods"),
            ComparisonOperator=left.pop("comparisonOperator"),
            Threshold=left.pop("threshold"),
            TreatMissingData=left.pop("treatMissingData"),
            Metrics=[_query(dict(one)) for one in queries] if queries else None,
            Tags=tags(left),
        ),
    )


def _dimensions(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in given.items()]


def _query(left: Inputs) -> dict[str, Any]:
    with used("query of an alarm", left):
        metric = left.pop("metric", None)
        return some(
            Id=left.pop("id"),
            Expression=left.pop("expression", None),
            Label=left.pop("label", None),
            ReturnData=left.pop("returnData", False),
            MetricStat=None if metric is None else _stat(dict(metric)),
        )


def _stat(left: Inputs) -> dict[str, Any]:
    with used("metric of a query", left):
        return {
            "Metric": {
                "Namespace": left.pop("namespace"),
                "MetricName": left.pop("metricName"),
                "Dimensions": _dimensions(left.pop("dimensions")),
            },
            "Period": int(left.pop("period")),
            "Stat": left.pop("stat"),
        }


BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {"aws:cloudwatch/metricAlarm:MetricAlarm": _alarm}
