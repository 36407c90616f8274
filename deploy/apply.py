"""The monitor road: the program's objects go from the SDK's monitor straight to the API server. No state file.

First the whole program is run in preview and every object is tried with a dry run, so that nothing is applied when
the API server refuses anything. Then it is run for real: the SDK orders by parents and `depends_on`, each object is
applied and waited for. What left the program is deleted last, except what holds data.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks

from deploy.kube import Kube, Manifest, Refused, key, ref, stable
from deploy.manifests import KEEP, keep_ignored, manifest, selector
from deploy.ready import Report, has_failed, wait_until_ready
from plan.exits import UserError
from plan.recorder import STACK_REFERENCE, Echo, Registration, Run, run_program

Program = Callable[[], object]
READY_SECONDS = 180.0
"""How long one object may take to become ready on the devcluster, where nothing is pulled and nothing starts."""


class ApplyError(UserError):
    """Nothing was applied, or something could not be; the message is for people."""


@dataclass
class Outcome:
    """What one `make up` did."""

    run: Run
    created: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    unchanged: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])
    """Left the program but holds data."""

    @property
    def nothing_changed(self) -> bool:
        """Whether the cluster was already as the program wants it."""
        return not (self.created or self.changed or self.deleted)


@dataclass(frozen=True)
class Target:
    """Where a stack is applied."""

    kube: Kube
    project: str
    stack: str
    read_outputs: Callable[[str], Mapping[str, Any]]
    """Outputs of another stack by its full name, for StackReferences. Raises LookupError."""
    report: Report


class Live(Echo):
    """Applies each Kubernetes object, waits for it, and gives its live state back as outputs."""

    def __init__(self, target: Target, outcome: Outcome) -> None:
        super().__init__()
        self._target, self._outcome = target, outcome
        self._lock = threading.Lock()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Apply one object; everything else is echoed, StackReferences are read."""
        if args.typ == STACK_REFERENCE:
            return read_reference(args, self._target)
        registration: Registration = self.current.registration
        if not registration.is_object:
            return super().new_resource(args)
        live = self._apply(registration)
        outputs = {**live, "metadata": {**live["metadata"]}}
        if registration.secret_keys and "stringData" in registration.inputs:
            outputs["stringData"] = registration.inputs["stringData"]
        return "/".join(filter(None, (live["metadata"].get("namespace"), live["metadata"]["name"]))), outputs

    def _apply(self, registration: Registration) -> Manifest:
        kube = self._target.kube
        body = manifest(registration, self._target.project, self._target.stack)
        before = kube.get(body)
        body = keep_ignored(body, before, registration.ignore_changes)
        if before and has_failed(before):
            _delete_and_wait(kube, [before])  # what made it fail was put right meanwhile, or it fails again
            before = None
        try:
            after = kube.apply(body)
        except Refused as error:
            if not (error.immutable and body["kind"] == "Job"):
                raise
            _delete_and_wait(kube, [body])  # a finished Job is only a record; its template cannot change
            after = kube.apply(body)
        with self._lock:
            if before is None:
                self._outcome.created.append(ref(body))
            elif stable(before) != stable(after):
                self._outcome.changed.append(ref(body))
            else:
                self._outcome.unchanged.append(ref(body))
        return wait_until_ready(kube, body, READY_SECONDS, self._target.report)


class Offline(Echo):
    """For the preview: echoes, and reads StackReferences."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Echo of the inputs."""
        return read_reference(args, self._target) if args.typ == STACK_REFERENCE else super().new_resource(args)


def read_reference(args: mocks.MockResourceArgs, target: Target) -> tuple[str, dict[str, Any]]:
    """A StackReference resolves from the outputs that the last `make up` of that stack wrote."""
    name = str(args.inputs["name"])
    try:
        outputs = target.read_outputs(name)
    except LookupError as error:
        raise pulumi.RunError(f"StackReference {name}: {error.args[0]}") from None
    return name, {"name": name, "outputs": dict(outputs), "secretOutputNames": []}


def up(program: Program, target: Target, config: Mapping[str, str], secret_keys: list[str]) -> Outcome:
    """Bring the cluster to what the program says. Raises ApplyError, NotReady, and what the program raises."""
    options: dict[str, Any] = {
        "project": target.project,
        "stack": target.stack,
        "config": config,
        "secret_keys": secret_keys,
    }
    planned = run_program(program, Offline(target), preview=True, **options)
    check(planned, target)
    adopt_released(planned, target)
    outcome = Outcome(planned)
    try:
        outcome.run = run_program(program, Live(target, outcome), **options)
    except Refused as error:
        raise ApplyError(f"the API server refuses {error}") from None
    prune(outcome, target)
    return outcome


def check(planned: Run, target: Target) -> None:
    """Ask the API server about every object before anything is applied. Raises ApplyError with all that it refuses."""
    objects = [r for r in planned.registrations if r.is_object]
    refused: list[str] = []
    made_here = {r.inputs["metadata"]["name"] for r in objects if r.inputs["kind"] == "Namespace"}
    for registration in objects:
        body = manifest(registration, target.project, target.stack)
        live = target.kube.get(body)
        namespace = body["metadata"].get("namespace")
        if live is None and namespace in made_here and not _exists(target.kube, namespace):
            body["metadata"]["namespace"] = "default"  # its own does not exist yet; a dry run leaves nothing there
        try:
            target.kube.apply(keep_ignored(body, live, registration.ignore_changes), dry_run=True)
        except Refused as error:
            if not (error.immutable and body["kind"] == "Job"):
                refused.append(_explain(error, registration))
    if refused:
        lines = "\n".join(f"  - {line}" for line in refused)
        raise ApplyError(
            f"nothing was applied: the API server refuses {len(refused)} of {len(objects)} objects:\n{lines}"
        )


def _explain(error: Refused, registration: Registration) -> str:
    if not error.immutable:
        return str(error)
    if not registration.retain_on_delete:
        return f"{error}\n    It would have to be replaced: give it a new name, or delete the old one yourself"
    return (
        f"{error}\n    It holds data and is never replaced. Add a second claim under another name in "
        "kotaemon:storage.claims, copy the data, then point kotaemon:storage.roles at it"
    )


def _exists(kube: Kube, namespace: str) -> bool:
    return kube.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}) is not None


def adopt_released(planned: Run, target: Target) -> None:
    """Free kept volumes for the claims of the program: after a claim is gone its volume stays Released for ever.

    Raises ApplyError when several kept volumes belonged to one claim: which one is right is the user's to say.
    """
    volumes = target.kube.list("v1", "PersistentVolume")
    for registration in planned.of("kubernetes:core/v1:PersistentVolumeClaim"):
        claim = manifest(registration, target.project, target.stack)
        if target.kube.get(claim):
            continue
        kept = [v for v in volumes if (v.get("status") or {}).get("phase") == "Released" and _belonged(v, claim)]
        if len(kept) > 1:
            names = ", ".join(v["metadata"]["name"] for v in kept)
            raise ApplyError(
                f"nothing was applied: {ref(claim)} had several volumes, and all are kept: {names}. Remove "
                "the claimRef of those that shall not be used (kubectl patch pv NAME --type=json "
                '-p \'[{"op":"remove","path":"/spec/claimRef"}]\') and run again'
            )
        for volume in kept:
            target.report(f"{ref(volume)}: kept from before, used again by {ref(claim)}")
            paths = ("/spec/claimRef/uid", "/spec/claimRef/resourceVersion")
            present = [p for p in paths if p.rsplit("/", 1)[1] in volume["spec"]["claimRef"]]
            target.kube.patch(volume, [{"op": "remove", "path": p} for p in present])


def _belonged(volume: Manifest, claim: Manifest) -> bool:
    reference, meta = volume["spec"].get("claimRef") or {}, claim["metadata"]
    return (reference.get("namespace"), reference.get("name")) == (meta.get("namespace"), meta["name"])


def prune(outcome: Outcome, target: Target) -> None:
    """Delete what an earlier run applied and this one did not, except what holds data."""
    wanted = {key(manifest(r, target.project, target.stack)) for r in outcome.run.registrations if r.is_object}
    left = [m for m in target.kube.applied(selector(target.project, target.stack)) if key(m) not in wanted]
    doomed, outcome.kept = _split(left)
    _delete_and_wait(target.kube, doomed)
    outcome.deleted = [ref(m) for m in doomed]


def down(target: Target) -> tuple[list[str], list[Manifest]]:
    """Delete all that the stack applied, except what holds data and the namespaces it is in. (deleted, kept)"""
    everything = list(target.kube.applied(selector(target.project, target.stack)))
    doomed, _ = _split(everything)
    _delete_and_wait(target.kube, doomed)
    gone = {key(m) for m in doomed}
    return [ref(m) for m in doomed], [m for m in everything if key(m) not in gone]


def _split(objects: list[Manifest]) -> tuple[list[Manifest], list[str]]:
    kept = [m for m in objects if _keeps(m)]
    homes = {m["metadata"].get("namespace") for m in kept}
    kept += [m for m in objects if m["kind"] == "Namespace" and m["metadata"]["name"] in homes and m not in kept]
    return [m for m in objects if m not in kept], [ref(m) for m in kept]


def _keeps(live: Manifest) -> bool:
    return (live["metadata"].get("annotations") or {}).get(KEEP) == "true"


def _delete_and_wait(kube: Kube, objects: list[Manifest]) -> None:
    for body in sorted(objects, key=lambda m: m["kind"] == "Namespace"):
        kube.delete(body)
    deadline = time.monotonic() + READY_SECONDS
    left = objects
    while left := [m for m in left if kube.get(m)]:
        if time.monotonic() > deadline:
            raise ApplyError(f"still there {READY_SECONDS:.0f} s after its deletion: {', '.join(ref(m) for m in left)}")
        time.sleep(0.3)
