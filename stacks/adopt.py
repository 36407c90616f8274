"""Imports kept objects into a new state of the Pulumi engine, after the stack was taken down.

The engine refuses to create an object that exists (pulumi-kubernetes 4.32 has no upsert that keeps a Secret's data). So
each kept object is imported, and all its properties are ignored in that run. The next run without `kotaemon:adopt`
updates it in place to what the program says.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform

IGNORED = ("metadata", "spec", "data", "stringData")


def adopt(objects: Sequence[str]) -> None:
    """Import the named objects (`Kind name` or `Kind namespace/name`) when the program registers them.

    Only objects that the program retains on deletion can be named; others are made again. Call it before
    the first resource.
    """
    if not objects:
        return
    wanted = set(objects)

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        place = _place(args.props)
        if not args.opts.retain_on_delete or f"{_kind(args)} {place}" not in wanted:
            return None
        opts = args.opts
        opts.import_ = place
        opts.ignore_changes = [*_listed(opts.ignore_changes), *IGNORED]
        return pulumi.ResourceTransformResult(props=args.props, opts=opts)

    register_resource_transform(transform)


def _kind(args: pulumi.ResourceTransformArgs) -> str:
    return args.type_.rpartition(":")[2]


def _listed(value: Any) -> list[str]:
    return list(value or ())


def _place(props: Any) -> str:
    metadata: dict[str, Any] = props.get("metadata") or {}
    return "/".join(str(part) for part in (metadata.get("namespace"), metadata.get("name")) if part)
