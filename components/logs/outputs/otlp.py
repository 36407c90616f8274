"""OTLP: the default way out. Run for real in tests/programs/test_collector.py.

https://opentelemetry.io/docs/specs/otlp; the exporters are go.opentelemetry.io/collector/exporter/otlphttpexporter and
otlpexporter, called otlp_http and otlp_grpc since version 0.144.
"""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from ...pod.addresses import place
from ..args import LogOutput
from .base import Config, missing, patience, variable

AUTHORIZATION = "AUTHORIZATION"
"""The whole value of the header, for example `Bearer abc`."""


class Otlp:
    """A server that speaks OTLP, over HTTP or gRPC."""

    credentials = ((AUTHORIZATION,), ())
    collector_only: tuple[str, ...] = ()

    def url(self, given: LogOutput) -> str:
        """The server's base URL."""
        return given.get("endpoint", "")

    def mistakes(self, given: LogOutput) -> Iterator[str]:
        """A missing endpoint."""
        yield from missing(given, "endpoint")

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """otlp_http or otlp_grpc."""
        headers = {"Authorization": variable(AUTHORIZATION)} if AUTHORIZATION in credentials else {}
        config: Config = {"endpoint": self.url(given), **patience()}
        if given.get("grpc"):
            config["tls"] = {"insecure": urlsplit(self.url(given)).scheme == "http"}
        if headers:
            config["headers"] = headers
        return ("otlp_grpc" if given.get("grpc") else "otlp_http"), config

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """https://docs.fluentbit.io/manual/data-pipeline/outputs/opentelemetry."""
        return otlp_by_fluent_bit(self.url(given), "/v1/logs", credentials, grpc=bool(given.get("grpc")))


def otlp_by_fluent_bit(url: str, path: str, credentials: Collection[str], *, grpc: bool = False) -> Config:
    """Fluent Bit's OTLP output to a path below a base URL."""
    where, base = place(url), urlsplit(url)
    config: Config = {
        "name": "opentelemetry",
        "host": where.host if where else base.hostname,
        "port": where.port if where else base.port,
        "logs_uri": f"{base.path.rstrip('/')}{path}",
        "grpc": "on" if grpc else "off",
        "tls": "on" if base.scheme == "https" else "off",
    }
    if AUTHORIZATION in credentials:
        config["header"] = f"Authorization ${{{AUTHORIZATION}}}"
    return config
