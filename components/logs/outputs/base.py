"""What an output is to those who render configurations of it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from ..args import LogOutput, LogOutputKind

Config = dict[str, Any]
FOR_EVER = "0s"


def patience() -> Config:
    """What has most exporters of the Collector try a batch again until it is taken.

    With an exporter that does not know these keys the Collector does not start.
    """
    return {
        "retry_on_failure": {
            "enabled": True,
            "initial_interval": "1s",
            "max_interval": "30s",
            "max_elapsed_time": FOR_EVER,
        }
    }


class Output(Protocol):
    """One place where logs go. Each has a file of its own beside this one."""

    @property
    def credentials(self) -> Sequence[tuple[str, ...]]:
        """Sets of variables that the output takes its credentials from. The first set is that of an existing Secret;
        an empty set means that none are needed."""
        ...

    @property
    def collector_only(self) -> Sequence[str]:
        """Credentials that Fluent Bit cannot use."""
        ...

    def url(self, given: LogOutput) -> str:
        """The address that the pods connect to."""
        ...

    def mistakes(self, given: LogOutput) -> Iterator[str]:
        """What is missing or wrong in the output, each with its field."""
        ...

    def collector(self, given: LogOutput, credentials: Collection[str]) -> tuple[str, Config]:
        """Name and configuration of the Collector's exporter, which tries again for ever. `credentials`: the variables
        that are set."""
        ...

    def fluent_bit(self, given: LogOutput, credentials: Collection[str]) -> Config:
        """The output of a Fluent Bit configuration."""
        ...


def variable(name: str) -> str:
    """A variable of the container in a configuration of the Collector, which reads it when it starts."""
    return f"${{env:{name}}}"


def missing(given: LogOutput, *fields: str) -> Iterator[str]:
    """A line for each field that the output needs and has not."""
    for name in fields:
        if not given.get(name):
            yield f"{name}: missing; the output {LogOutputKind(given['kind']).value} needs it"
