"""Runs the program of a folder on the SDK's mock monitor and prints what it registered, as JSON.

It is started with the Python of an empty environment, so it imports nothing of this repository.
"""

import asyncio
import json
import runpy
import sys
from typing import Any

import pulumi
from pulumi.runtime import set_all_config
from pulumi.runtime.settings import reset_options
from pulumi.runtime.stack import run_pulumi_func

REGISTERED: list[dict[str, str]] = []


class Echo(pulumi.runtime.Mocks):
    """Every resource gets an id and its own inputs."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        REGISTERED.append({"type": args.typ, "name": args.name})
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:{args.name}"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


def main(program: str, config: str) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    reset_options(project="documents", stack="test")
    pulumi.runtime.set_mocks(Echo(), project="documents", stack="test")
    set_all_config(json.loads(config))
    asyncio.get_event_loop().run_until_complete(
        run_pulumi_func(lambda: runpy.run_path(program, run_name="__main__") and None)
    )
    print(json.dumps({"registered": REGISTERED, "modules": sorted(sys.modules)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
