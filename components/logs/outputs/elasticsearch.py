"""Elasticsearch, and ELK with it: rendered, and not run.

https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/elasticsearchexporter and
https://docs.fluentbit.io/manual/data-pipeline/outputs/elasticsearch.
"""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from ...pod.addresses import place
from ..args import LogOutput
from .base import Config, missing, variable

API_KEY, USER, PASSWORD = "API_KEY", "USER", "PASSWORD"
RETRY: Config = {
    "enabled": True,
    "max_retries": 2**31 - 1,
    "initial_interval": "1s",
    "max_interval": "30s",
    "retry_on_status": [429, 500, 502, 503, 504],
}
"""For ever, and also when the cluster is there and cannot: by default 429 alone is tried again. Versions before 0.147
did not wait between the later tries (open-telemetry/opentelemetry-collector-contrib#46178)."""
INDEX = "logs-kotaemon-default"
"""A data stream by Elastic's naming scheme: type, dataset, namespace."""


class Elasticsearch:
    """A cluster of Elasticsearch, by URL."""

    credentials = ((API_KEY,), (USER, PASSWORD), ())
    collector_only = (API_KEY,)

    def url(self, given: LogOutput) -> str:
        """The cluster's URL."""
        return given.get("endpoint", "")

    def mistakes(self, given: LogOutput) -> Iterator[str]:
        """A missing endpoint."""
        yield from missing(given, "endpoint")

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """The exporter of that name. It has no `retry_on_failure`, and would try twice and drop the batch."""
        config: Config = {"endpoints": [self.url(given)], "logs_index": given.get("index", INDEX), "retry": RETRY}
        for name, field in ((API_KEY, "api_key"), (USER, "user"), (PASSWORD, "password")):
            if name in credentials:
                config[field] = variable(name)
        return "elasticsearch", config

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """The output es. A data stream takes only documents that are created."""
        where, base = place(self.url(given)), urlsplit(self.url(given))
        config: Config = {
            "name": "es",
            "host": where.host if where else base.hostname,
            "port": where.port if where else base.port,
            "path": base.path.rstrip("/"),
            "tls": "on" if base.scheme == "https" else "off",
            "index": given.get("index", INDEX),
            "suppress_type_name": "on",
            "write_operation": "create",
        }
        for name, field in ((USER, "http_user"), (PASSWORD, "http_passwd")):
            if name in credentials:
                config[field] = f"${{{name}}}"
        return config
