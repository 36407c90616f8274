"""Runs a Pulumi program in this process on the SDK's mock monitor, and keeps a record of all it registered.

What `make plan` and every test with mocks stand on. A run ends when every
resource and every Output has been awaited: a failing `apply` that nobody returned fails the run.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi.runtime
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_pulumi_func

from plan.plain import plain

COMPONENT_ID = ""
STACK_TYPE = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
Program = Callable[[], object]


class DuplicateUrn(Exception):
    """Two resources of one run have the same URN; the engine refuses that, the SDK's mock monitor does not."""


class UnknownAnswer(LookupError):
    """A provider function was asked, and there is no provider. A preview goes on without the answer."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    """False for components."""
    inputs: dict[str, Any]
    """Plain values, camelCase; secrets unwrapped."""
    secret_keys: frozenset[str]
    """Top-level inputs that are secret."""
    unknowns: frozenset[str]
    """Top-level inputs that hold a value which is only known after something was created."""
    depends_on: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    import_id: str
    aliases: tuple[str, ...]
    provider: str

    @property
    def is_object(self) -> bool:
        """Whether it is a Kubernetes object, and not a component, a provider or a resource of a cloud."""
        return self.type.startswith("kubernetes:") and "apiVersion" in self.inputs


@dataclass(frozen=True)
class StackOutput:
    """One stack output after the run."""

    value: Any
    secret: bool
    known: bool


@dataclass
class Run:
    """What a program did."""

    registrations: list[Registration] = field(default_factory=list[Registration])
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """URN of a component -> what it gave to `register_outputs`."""
    outputs: dict[str, StackOutput] = field(default_factory=dict[str, StackOutput])
    warnings: list[str] = field(default_factory=list[str])
    """What the program said with `pulumi.log.warn`."""
    _by_urn: dict[str, Registration] = field(default_factory=dict[str, Registration], repr=False, compare=False)

    def of(self, type_: str) -> list[Registration]:
        """All registrations of a type token."""
        return [r for r in self.registrations if r.type == type_]

    def one(self, type_: str, name: str = "") -> Registration:
        """The only registration of a type token (and name). Raises LookupError when there are none or several."""
        found = [r for r in self.of(type_) if name in ("", r.name)]
        if len(found) != 1:
            have = ", ".join(f"{r.type} {r.name}" for r in self.registrations)
            raise LookupError(f"{len(found)} registrations of {type_} {name}; the run has: {have}")
        return found[0]

    def parents(self, registration: Registration) -> Iterator[Registration]:
        """The chain of parents, nearest first, without the stack."""
        if len(self._by_urn) != len(self.registrations):  # kept: a plan asks this of every resource
            self._by_urn = {r.urn: r for r in self.registrations}
        while parent := self._by_urn.get(registration.parent):
            yield parent
            registration = parent


class Echo(mocks.Mocks):
    """Gives every resource its own inputs back, as a provider does; overridden where a test needs computed outputs."""

    def __init__(self) -> None:
        self.current = threading.local()
        """`.registration` of the resource that `new_resource` is called for: its arguments lack the options."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Id and outputs of a new resource. Kubernetes objects get the metadata the real provider always returns."""
        if not args.custom:
            return COMPONENT_ID, dict(args.inputs)
        outputs = dict(args.inputs)
        if args.typ.startswith("kubernetes:") and "apiVersion" in outputs:
            metadata = dict(outputs.get("metadata") or {})
            metadata.setdefault("name", args.name)
            outputs["metadata"] = metadata
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Result of a provider function; none is known here."""
        raise UnknownAnswer(f"the provider function {args.token} is not known without a provider")


class Recorder(mocks.MockMonitor):
    """The SDK's mock monitor, which also keeps each request and refuses a duplicate URN."""

    def __init__(self, resources: Echo, *, preview: bool) -> None:
        super().__init__(resources)
        self._resources = resources
        self._preview = preview
        self.run = Run()
        self._urns: set[str] = set()

    def RegisterResource(self, request: Any) -> Any:
        """Record the request, then let the mocks answer it."""
        if request.type != STACK_TYPE:
            urn = self.make_urn(request.parent, request.type, request.name)
            if urn in self._urns:
                raise DuplicateUrn(f"two resources are called {urn}")
            self._urns.add(urn)
            self._resources.current.registration = registration(urn, request)
            self.run.registrations.append(self._resources.current.registration)
        return super().RegisterResource(request)

    def Invoke(self, request: Any) -> Any:
        """Ask the mocks; in a preview an answer that nobody here has is known at up."""
        try:
            return super().Invoke(request)
        except UnknownAnswer:
            if not self._preview:
                raise
            return resource_pb2.ResourceInvokeResponse(unknown=True)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Record what a component gives to `register_outputs`."""
        self.run.component_outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)


def registration(urn: str, request: Any) -> Registration:
    """The plain record of a RegisterResource request."""
    raw = rpc.deserialize_properties(request.object, keep_unknowns=True)
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent="" if f"::{STACK_TYPE}::" in request.parent else request.parent,
        custom=request.custom,
        inputs=plain(raw),
        secret_keys=frozenset(k for k, v in raw.items() if rpc.is_rpc_secret(v)),
        unknowns=frozenset(k for k, v in raw.items() if rpc.contains_unknowns(v)),
        depends_on=tuple(sorted(request.dependencies)),
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        ignore_changes=tuple(request.ignoreChanges),
        import_id=request.importId,
        # Deployment and others carry aliases of their own for old API groups; only names are the program's.
        aliases=tuple(a.spec.name for a in request.aliases if a.spec.name),
        provider=request.provider,
    )


def run_program(
    program: Program,
    resources: Echo | None = None,
    *,
    project: str = "kotaemon",
    stack: str = "test",
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    secret_keys: list[str] | None = None,
) -> Run:
    """Run `program` to its end on a fresh monitor. A mapping that it returns is exported, beside what it
    exports itself.

    Raises whatever the program or `resources` raise, and DuplicateUrn.
    """
    recorder = Recorder(resources or Echo(), preview=preview)
    # A loop and a root of its own for each run: both leak into the next one otherwise (pulumi#24338).
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A failed resource fails the futures of all that wait for it: the run raises the first, the others only repeat it.
    loop.set_exception_handler(lambda _loop, _context: None)
    set_root_resource(None)  # type: ignore[arg-type]
    try:
        pulumi.runtime.set_all_config(dict(config or {}), secret_keys or [])
        pulumi.runtime.set_mocks(
            recorder.mocks,
            project=project,
            stack=stack,
            preview=preview,
            monitor=recorder,
            organization="organization",
            logger=_collector(recorder.run.warnings),
        )
        # Tasks of an earlier run belong to a loop that is closed.
        settings: Any = SETTINGS
        settings.rpc_manager.clear()
        settings.outputs.clear()

        def body() -> None:
            result = program()
            for name, value in result.items() if isinstance(result, Mapping) else ():
                pulumi.export(str(name), value)

        loop.run_until_complete(run_pulumi_func(body))
        root: Any = pulumi.runtime.get_root_resource()
        recorder.run.outputs = loop.run_until_complete(_resolved(dict(root.outputs)))
        return recorder.run
    finally:
        set_root_resource(None)  # type: ignore[arg-type]
        asyncio.set_event_loop(None)
        loop.close()


def _collector(warnings: list[str]) -> logging.Logger:
    """A logger that keeps warnings; errors are raised as well, and the rest is chatter."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warnings.append(record.getMessage())

    handler = Handler(logging.WARNING)
    handler.addFilter(lambda record: record.levelno == logging.WARNING)
    logger = logging.Logger("pulumi", logging.WARNING)
    logger.addHandler(handler)
    return logger


async def _resolved(outputs: dict[str, Any]) -> dict[str, StackOutput]:
    resolved: dict[str, StackOutput] = {}
    for name, value in outputs.items():
        output = pulumi.Output.from_input(value)
        known = await output.is_known()
        resolved[name] = StackOutput(await output.future() if known else None, await output.is_secret(), known)
    return resolved
