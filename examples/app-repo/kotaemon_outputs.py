"""Reads the outputs of a stack of Kotaemon. Copy this file into your repository, or install it from there.

    kotaemon = KotaemonOutputs("organization/kotaemon/production")
    models = kotaemon.mount("models")  # Output[Mount]

The outputs are a contract that only grows: every later version has all outputs of an earlier one (stacks/outputs.py).
"""

from collections.abc import Mapping
from typing import Any, TypedDict, cast

import pulumi
from pulumi import Output

CONTRACT_VERSION = 6
"""The contract's version for which this file was written. An older stack lacks outputs; a newer one has more."""


class Mount(TypedDict):
    """Where the data of one role is, and how it may be mounted."""

    claim: str
    """Name of the PersistentVolumeClaim, in the application's namespace."""
    sub_path: str
    """Folder of the role inside the claim."""
    access_mode: str
    """Access mode of the claim: ReadWriteMany, ReadOnlyMany, ReadWriteOnce or ReadWriteOncePod."""
    medium: str
    """How the claim's storage is attached: block, file, object or node."""
    read_only: bool
    """Whether the application itself only reads the role."""
    size_gib: int
    zones: list[str]
    """Zones of the nodes that can mount the claim. Empty: every zone, or not known before the volume exists."""
    encrypted_by: str
    locks: str
    """Which file locks two pods share: `one-node`, `shared`, `node-local` or `none`."""


class MissingOutput(pulumi.RunError):
    """The stack has no output, or no role, of this name. The message lists those that it has."""


class NotShared(pulumi.RunError):
    """The claim of the role admits only one pod, which is the application's own."""


class KotaemonOutputs:
    """The outputs of one stack. Errors appear when the program runs, as one line without a traceback."""

    def __init__(self, stack: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        """`stack`: full name, `<organization>/kotaemon/<stack>`."""
        self._stack = stack
        # The resource has a fixed name. By default it is the stack's name, and another stack would be another resource.
        self._reference = pulumi.StackReference("kotaemon", stack_name=stack, opts=opts)

    @property
    def namespace(self) -> Output[str]:
        """Namespace of the application. A pod can mount the application's claims only in this namespace."""
        return self.output("namespace").apply(str)

    @property
    def service(self) -> Output[str]:
        """Name of the application's Service."""
        return self.output("service").apply(str)

    @property
    def url(self) -> Output[str]:
        """URL at which people reach the application."""
        return self.output("url").apply(str)

    @property
    def uid(self) -> Output[int]:
        """User id that owns the data."""
        return self.output("uid").apply(int)  # numbers from another stack arrive as floats

    @property
    def gid(self) -> Output[int]:
        """Group id of the data. A pod in this group can read it."""
        return self.output("gid").apply(int)

    def mount(self, role: str) -> Output[Mount]:
        """Where the data of a role is, for a pod beside the application's. Raises MissingOutput and NotShared."""
        return self.output("storage").apply(lambda storage: self._mount(storage, role))

    def output(self, name: str) -> Output[Any]:
        """One stack output by its name. Raises MissingOutput."""
        return self._reference.outputs.apply(lambda there: self._one(there, name))

    def _one(self, there: Mapping[str, Any] | None, name: str) -> Any:
        have = there or {}
        if name in have:
            return have[name]
        version = int(have.get("contract_version", 0))
        if not have:
            why = "it has no outputs at all; check its name, and whether it was deployed"
        elif 0 < version < CONTRACT_VERSION:
            why = f"its contract has version {version}, this reader version {CONTRACT_VERSION}: deploy that stack again"
        else:
            # The engine leaves out secret outputs that it cannot decrypt for this program.
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
