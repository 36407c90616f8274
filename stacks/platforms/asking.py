"""Questions to a cloud whose answers only become warnings: a right that is missing, or a service that is away, stops
nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi import InvokeOptions


class NoAnswer(Exception):
    """A function of a provider failed. Its text is all that the provider said."""

    @property
    def line(self) -> str:
        """The first line of it."""
        return next(iter(str(self).splitlines()), "it said no reason")


async def ask(function: str, about: Mapping[str, Any], opts: InvokeOptions) -> Mapping[str, Any] | None:
    """The result of a function of a provider. None: nobody was asked, as in a plan. Raises NoAnswer."""
    try:
        return await pulumi.runtime.invoke_async(function, dict(about), opts)
    except Exception as error:  # the SDK raises plain exceptions
        raise NoAnswer(str(error)) from error


def warn(lines: Iterable[str]) -> None:
    """A warning for each line."""
    for line in lines:
        pulumi.log.warn(line)
