"""Runs a Pulumi program in this process on the SDK's mock monitor, and records everything that it registers.

`make plan` and all tests with mocks use it. A run ends when every resource and every Output has been awaited, so a
failing `apply` fails the run even when nothing uses its result.
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
from stacks import own_outputs

COMPONENT_ID = ""
STACK_TYPE = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
Program = Callable[[], object]


class DuplicateUrn(Exception):
    """Two resources of one run have the same URN. The engine refuses that; the SDK's mock monitor alone does not."""


class UnknownAnswer(LookupError):
    """A provider function was called, and there is no provider to answer it. A preview continues without the answer."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    """Whether it is a custom resource. False for components."""
    inputs: dict[str, Any]
    """Inputs as plain values with keys in camelCase; secrets are unwrapped."""
    secret_keys: frozenset[str]
    """Top-level inputs that are secret."""
    unknowns: frozenset[str]
    """Top-level inputs that contain a value which is known only after something was created."""
    depends_on: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    deleted_with: str
    """URN of the resource that it goes with; empty: none."""
    ignore_changes: tuple[str, ...]
    import_id: str
    aliases: tuple[str, ...]
    provider: str

    @property
    def is_object(self) -> bool:
        """Whether it is a Kubernetes object, not a component, a provider or a resource of a cloud."""
        return self.type.startswith("kubernetes:") and "apiVersion" in self.inputs


@dataclass(frozen=True)
class StackOutput:
    """One stack output after the run, and whether it is secret."""

    value: Any
    secret: bool
    known: bool


@dataclass
class Run:
    """The record of one run of a program."""

    registrations: list[Registration] = field(default_factory=list[Registration])
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """URN of a component -> the outputs that it passed to `register_outputs`."""
    outputs: dict[str, StackOutput] = field(default_factory=dict[str, StackOutput])
    warnings: list[str] = field(default_factory=list[str])
    """Messages that the program logged with `pulumi.log.warn`."""
    _by_urn: dict[str, Registration] = field(default_factory=dict[str, Registration], repr=False, compare=False)

    def of(self, type_: str) -> list[Registration]:
        """All registrations of a type token, in the order of the run."""
        return [r for r in self.registrations if r.type == type_]

    def one(self, type_: str, name: str = "") -> Registration:
        """The only registration of a type token (and a name). Raises LookupError when there are none or several."""
        found = [r for r in self.of(type_) if name in ("", r.name)]
        if len(found) != 1:
            have = ", ".join(f"{r.type} {r.name}" for r in self.registrations)
            raise LookupError(f"{len(found)} registrations of {type_} {name}; the run has: {have}")
        return found[0]

    def parents(self, registration: Registration) -> Iterator[Registration]:
        """The chain of parents of a registration, nearest first, without the stack."""
        if len(self._by_urn) != len(self.registrations):  # cached, because a plan calls this for every resource
            self._by_urn = {r.urn: r for r in self.registrations}
        while parent := self._by_urn.get(registration.parent):
            yield parent
            registration = parent


class Echo(mocks.Mocks):
    """Returns each resource's inputs as its outputs, as a provider does. A test overrides it for computed outputs."""

    def __init__(self) -> None:
        self.current = threading.local()
        """Its attribute `registration` is the resource for which `new_resource` is called: the arguments lack the
        options."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Id and outputs of a new resource.

        A Kubernetes object gets the metadata that the real provider always returns.
        """
        if not args.custom:
            return COMPONENT_ID, dict(args.inputs)
        outputs = dict(args.inputs)
        if args.typ.startswith("kubernetes:") and "apiVersion" in outputs:
            metadata = dict(outputs.get("metadata") or {})
            metadata.setdefault("name", args.name)
            outputs["metadata"] = metadata
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """The result of a provider function. Raises UnknownAnswer, as there is no provider."""
        raise UnknownAnswer(f"the provider function {args.token} is not known without a provider")


class Recorder(mocks.MockMonitor):
    """The SDK's mock monitor. It also records each request and refuses a duplicate URN."""

    def __init__(self, resources: Echo, *, preview: bool, earlier: Mapping[str, Any]) -> None:
        super().__init__(resources)
        self._earlier = dict(earlier)
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
        """Let the mocks answer a provider function; the engine's own ones, for the stack's state, are answered here.

        In a preview a missing answer becomes a value that is known at up.
        """
        if request.tok == own_outputs.READ:
            answer = resource_pb2.ResourceInvokeResponse()
            getattr(answer, "return").update({"outputs": self._earlier})
            return answer
        if request.tok == own_outputs.READ_RESOURCES:
            return resource_pb2.ResourceInvokeResponse()
        try:
            return super().Invoke(request)
        except UnknownAnswer:
            if not self._preview:
                raise
            return resource_pb2.ResourceInvokeResponse(unknown=True)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Record the outputs that a component passes to `register_outputs`."""
        self.run.component_outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)


def registration(urn: str, request: Any) -> Registration:
    """A RegisterResource request as a plain record."""
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
        deleted_with=request.deletedWith,
        ignore_changes=tuple(request.ignoreChanges),
        import_id=request.importId,
        # Deployment and other types carry the SDK's own aliases for old API groups; those with a name are the
        # program's.
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
    earlier: Mapping[str, Any] | None = None,
) -> Run:
    """Run `program` to its end on a fresh monitor and return the record.

    A mapping that the program returns becomes stack outputs, beside those that it exports itself. Raises every error of
    the program or of `resources`, and DuplicateUrn. `earlier`: outputs of the stack before this run; default: none, as
    on a first run.
    """
    recorder = Recorder(resources or Echo(), preview=preview, earlier=earlier or {})
    # Each run has an event loop and a root resource of its own: both would leak into the next run
    # (pulumi/pulumi#24338).
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A failed resource fails the futures of all that wait for it. The run raises the first error.
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
        # Tasks of an earlier run belong to an event loop that is closed.
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
    """A logger that keeps warnings. Errors are raised anyway, and other messages are not needed."""

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
