"""Grafana Loki by its own OTLP endpoint: rendered, and not run.

https://grafana.com/docs/loki/latest/send-data/otel: the Collector's exporter for Loki is deprecated, and Loki takes
OTLP at <url>/otlp from version 3 on.
"""

from collections.abc import Collection

from ..args import LogOutput
from .base import Config
from .otlp import Otlp, otlp_by_fluent_bit

TENANT = "X-Scope-OrgID"


class Loki(Otlp):
    """A Loki server or gateway."""

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """otlp_http, which adds /v1/logs."""
        name, config = super().collector(given, credentials)
        config["endpoint"] = f"{self.url(given).rstrip('/')}/otlp"
        if tenant := given.get("tenant"):
            config.setdefault("headers", {})[TENANT] = tenant
        return name, config

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """Fluent Bit's OTLP output; a tenant is one more header."""
        made = otlp_by_fluent_bit(self.url(given), "/otlp/v1/logs", credentials)
        if tenant := given.get("tenant"):
            made["header"] = [*([made["header"]] if "header" in made else []), f"{TENANT} {tenant}"]
        return made
