"""Amazon CloudWatch Logs: rendered, and not run.

https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awscloudwatchlogsexporter and
https://docs.fluentbit.io/manual/data-pipeline/outputs/cloudwatch. Credentials come from the default chain of the SDK:
the role of the service account, or the two variables.
"""

from collections.abc import Collection, Iterator

from ..args import LogOutput
from .base import Config, missing, patience

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
STREAM = "kotaemon"


class CloudWatch:
    """A log group of a region."""

    credentials = (KEYS, ())
    collector_only: tuple[str, ...] = ()

    def url(self, given: LogOutput) -> str:
        """The regional endpoint."""
        return f"https://logs.{given.get('region', '')}.amazonaws.com"

    def mistakes(self, given: LogOutput) -> Iterator[str]:
        """A missing region or log group."""
        yield from missing(given, "region", "log_group")

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """The exporter awscloudwatchlogs. One stream: it takes lines in order, and says their pod in each."""
        return "awscloudwatchlogs", {
            "region": given.get("region"),
            "log_group_name": given.get("log_group"),
            "log_stream_name": STREAM,
            **patience(),
        }

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """The output cloudwatch_logs."""
        return {
            "name": "cloudwatch_logs",
            "region": given.get("region"),
            "log_group_name": given.get("log_group"),
            "log_stream_prefix": f"{STREAM}-",
            "auto_create_group": "on",
        }
