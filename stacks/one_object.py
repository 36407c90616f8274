"""Stops a run in which two resources describe the same object or the same named thing of a cloud.

A plan asks guard/twice.py about everything that it has recorded. On the engine each resource is asked about before it
is registered: the preview in front of `pulumi up` finds it before anything is made.
"""

from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from guard.twice import Described, described, twice
from stacks.safety import RefusedByGuard


def watch() -> None:
    """Look at every resource of this run from now on. Mocks are asked afterwards, by the plan."""
    if isinstance(get_monitor(), MockMonitor):
        return
    first: dict[str, Described] = {}

    def look(args: pulumi.ResourceTransformArgs) -> None:
        props: Any = args.props
        one = Described(args.type_, args.name, props)
        if thing := described(one):
            # The same resource may be looked at twice; another name is another resource.
            other = first.setdefault(thing, one)
            if other.name != one.name:
                raise RefusedByGuard("\n".join(twice([other, one])))

    register_resource_transform(look)
