"""Reads the outputs of a stack of Kotaemon. One file: copy it into your repository, or install it from there.

    kotaemon = KotaemonOutputs("organization/kotaemon/production")
    models = kotaemon.mount("models")  # Output[Mount]

The contract only grows: what a version has, every later one has too (stacks/outputs.py).
"""

from collections.abc import Mapping
from typing import Any, TypedDict, cast

import pulumi
from pulumi import Output

CONTRACT_VERSION = 3
"""The version that this file was written for. An older stack lacks outputs; a newer one has more, which is fine."""


class Mount(TypedDict):
    """Where the data of one role is."""

    claim: str
    """Name of the PersistentVolumeClaim, in the application's namespace."""
    sub_path: str
    """Folder inside the claim."""
    access_mode: str
    """ReadWriteMany, ReadOnlyMany, ReadWriteOnce or ReadWriteOncePod."""
    medium: str
    """block, file, object or node."""
    read_only: bool
    """Whether the application itself only reads it."""
    size_gib: int
    zones: list[str]
    """Zones of the pods that mount it; empty: every zone, or not known before the volume exists."""
    encrypted_by: str
    locks: str
    """Which locks two pods share: one-node, shared, node-local or none."""


class MissingOutput(pulumi.RunError):
    """The stack has no such output, or no such role. The message lists what is there."""


class NotShared(pulumi.RunError):
    """The claim is for one pod, and the application has it."""


class KotaemonOutputs:
    """The outputs of one stack. Errors come when the program runs, as one line without a traceback."""

    def __init__(self, stack: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        """`stack`: full name, `<organization>/kotaemon/<stack>`."""
        self._stack = stack
        # A name of its own: with the stack's name as the default, another stack would be another resource.
        self._reference = pulumi.StackReference("kotaemon", stack_name=stack, opts=opts)

    @property
    def namespace(self) -> Output[str]:
        """Namespace of the application: a pod can mount its claims only there."""
        return self.output("namespace").apply(str)

    @property
    def service(self) -> Output[str]:
        """Name of the Service."""
        return self.output("service").apply(str)

    @property
    def url(self) -> Output[str]:
        """Where people reach the application."""
        return self.output("url").apply(str)

    @property
    def uid(self) -> Output[int]:
        """User that owns the data."""
        return self.output("uid").apply(int)  # numbers of another stack arrive as floats

    @property
    def gid(self) -> Output[int]:
        """Group of the data: who is in it can read."""
        return self.output("gid").apply(int)

    def mount(self, role: str) -> Output[Mount]:
        """Where the data of a role is, for a pod beside the application's. Raises MissingOutput and NotShared."""
        return self.output("storage").apply(lambda storage: self._mount(storage, role))

    def output(self, name: str) -> Output[Any]:
        """One output. Raises MissingOutput."""
        return self._reference.outputs.apply(lambda there: self._one(there, name))

    def _one(self, there: Mapping[str, Any] | None, name: str) -> Any:
        have = there or {}
        if name in have:
            return have[name]
        version = int(have.get("contract_version", 0))
        if not have:
            why = "it has none at all: is the name right, and was it deployed?"
        elif 0 < version < CONTRACT_VERSION:
            why = f"its contract has version {version}, this reader version {CONTRACT_VERSION}: deploy that stack again"
        else:
            # The engine leaves out secret outputs that it cannot decrypt here.
            why = "or it is secret and cannot be decrypted with what this program has"
        known = f"; it has {', '.join(sorted(have))}" if have else ""
        raise MissingOutput(f"the stack {self._stack} has no output {name!r}{known} ({why})")

    def _mount(self, storage: Mapping[str, Any], role: str) -> Mount:
        if role not in storage:
            raise MissingOutput(
                f"the stack {self._stack} has no storage for the role {role!r}; it has {', '.join(sorted(storage))}"
            )
        mount = cast(Mount, {**storage[role], "size_gib": int(storage[role]["size_gib"])})
        if mount["access_mode"] not in ("ReadWriteMany", "ReadOnlyMany"):
            raise NotShared(
                f"the role {role!r} of the stack {self._stack} is on the claim {mount['claim']}, which is "
                f"{mount['access_mode']}: only the application's own pod can mount it"
            )
        return mount
