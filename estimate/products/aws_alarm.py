"""The product AWS CloudWatch alarm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from estimate.product import Charge, Product, Recognised, Use


@dataclass(frozen=True)
class AwsAlarm(Product):
    """Alarms of CloudWatch whose periods are a minute or longer. They are billed by the metrics that they read."""

    metrics: int = 1
    """Metrics that are read, by one alarm or by all alarms of a stack together."""

    items: ClassVar[Mapping[str, str]] = {r"cloudwatch\.alarm": "metric-month"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(types={"aws:cloudwatch/metricAlarm:MetricAlarm": lambda inputs, _size: cls(_read(inputs))})

    @property
    def words(self) -> str:
        return "CloudWatch alarms"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("alarm", "cloudwatch.alarm", Decimal(self.metrics), "by metric that is read")

    def lost_with_zone(self) -> str:
        return ""


def _read(inputs: Mapping[str, Any]) -> int:
    """Metrics that an alarm reads: of several queries those that are no expression."""
    return sum("metric" in query for query in inputs.get("metricQueries") or ()) or 1
