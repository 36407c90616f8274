"""Grafana Loki by its own OTLP endpoint: rendered, and not run.

https://grafana.com/docs/loki/latest/send-data/otel: the Collector's exporter for Loki is deprecated, and Loki takes
OTLP at <url>/otlp from version 3 on.
"""

from collections.abc import Collection, Iterator

from ..args import LogOutput
from .base import Config, missing, variable
from .otlp import AUTHORIZATION, otlp_by_fluent_bit

TENANT = "X-Scope-OrgID"


class Loki:
    """A Loki server or gateway."""

    credentials = ((AUTHORIZATION,), ())
    collector_only: tuple[str, ...] = ()

    def url(self, given: LogOutput) -> str:
        """The server's base URL."""
        return given.get("endpoint", "")

    def mistakes(self, given: LogOutput) -> Iterator[str]:
        """A missing endpoint."""
        yield from missing(given, "endpoint")

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """otlp_http, which adds /v1/logs."""
        headers = {"Authorization": variable(AUTHORIZATION)} if AUTHORIZATION in credentials else {}
        if tenant := given.get("tenant"):
            headers[TENANT] = tenant
        return "otlp_http", {"endpoint": f"{self.url(given).rstrip('/')}/otlp"} | (
            {"headers": headers} if headers else {}
        )

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """Fluent Bit's OTLP output; a tenant is one more header."""
        made = otlp_by_fluent_bit(self.url(given), "/otlp/v1/logs", credentials)
        if tenant := given.get("tenant"):
            made["header"] = [*([made["header"]] if "header" in made else []), f"{TENANT} {tenant}"]
        return made
