"""The engine's events in the user's words: on the screen, and as JSON."""

import io
import json
import time
from typing import Any

import pytest
from rich.console import Console

from deploy.events import Listener, Object, words
from deploy.progress import Json, Lines
from tests.unit.deploy.fakes import CLAIM, DEPLOYMENT, said, step, urn


def heard(*happened: Any) -> tuple[Listener, list[dict[str, Any]]]:
    notes: list[dict[str, Any]] = []
    listener = Listener(notes.append)
    for event in happened:
        listener(event)
    return listener, notes


def test_what_is_made_is_named_as_in_the_cluster() -> None:
    listener, notes = heard(
        step("resourcePreEvent", "create", DEPLOYMENT, "kotaemon"),
        step("resOutputsEvent", "create", DEPLOYMENT, "kotaemon"),
    )
    told = {"operation": "create", "kind": "Deployment", "name": "ns/kotaemon"}
    assert notes == [{"event": "started", **told}, {"event": "done", **told, "seconds": 0.0}]
    assert (dict(listener.counts), listener.changes, listener.waiting()) == ({"create": 1}, 1, [])


def test_what_stays_as_it_is_is_not_told() -> None:
    listener, notes = heard(
        step("resourcePreEvent", "same", DEPLOYMENT, "kotaemon"), step("resOutputsEvent", "same", DEPLOYMENT, "x")
    )
    assert (notes, listener.changes) == ([], 0)


def test_components_and_providers_count_as_changes_and_are_not_told() -> None:
    listener, notes = heard(
        step("resourcePreEvent", "create", "kotaemon:index:Kotaemon", "kotaemon"),
        step("resOutputsEvent", "create", "pulumi:providers:kubernetes", "cluster"),
    )
    assert (notes, listener.changes, dict(listener.counts)) == ([], 1, {})


def test_a_replacement_is_one_change_and_not_three() -> None:
    listener, notes = heard(
        step("resOutputsEvent", "create-replacement", DEPLOYMENT, "a"),
        step("resOutputsEvent", "replace", DEPLOYMENT, "a"),
        step("resOutputsEvent", "delete-replaced", DEPLOYMENT, "a"),
    )
    assert [note["operation"] for note in notes] == ["create-replacement", "delete-replaced"]
    assert {k: v for k, v in listener.counts.items() if v} == {"create-replacement": 1}


def test_what_is_in_work_is_known_longest_first() -> None:
    listener, _ = heard(
        step("resourcePreEvent", "create", CLAIM, "first"), step("resourcePreEvent", "create", CLAIM, "second")
    )
    assert [str(about) for about, _ in listener.waiting()] == [
        "PersistentVolumeClaim ns/first",
        "PersistentVolumeClaim ns/second",
    ]


def test_an_error_is_kept_once_and_what_only_repeats_it_is_left_out() -> None:
    listener, _ = heard(
        step("resourcePreEvent", "create", DEPLOYMENT, "a"),
        said("error", "no such class\n", urn(DEPLOYMENT, "a")),
        said("error", "no such class", urn("pulumi:pulumi:Stack", "dev")),
        said("error", "an unhandled error occurred: no such class"),
        said("error", "update failed"),
        said("error", "Resource monitor has terminated, shutting down"),
    )
    ((about, message),) = listener.errors
    assert (str(about), message) == ("Deployment ns/a", "no such class")


def test_a_warning_is_told_but_not_the_one_on_a_plugin_that_is_on_path() -> None:
    _, notes = heard(
        said("warning", "using pulumi-resource-kubernetes from $PATH at /somewhere"),
        said("warning", "resource plugin kubernetes is expected to have version >=4.34.2, but has 4.0.0"),
        said("warning", "waiting ...", ephemeral=True),
        said("warning", "kotaemon:apiKeys stands\nin plain text"),
    )
    assert notes == [{"event": "warning", "message": "kotaemon:apiKeys stands in plain text"}]


VOLUME = Object("urn", "PersistentVolume", "ns.files", True)


def test_a_replacement_of_data_is_refused_with_the_way_to_go() -> None:
    text = 'unable to replace resource "urn" as it is currently marked for protection. To unprotect it, ...'
    assert words(VOLUME, text).startswith("PersistentVolume ns.files: it would have to be replaced. It holds data")
    assert "kotaemon:storage.roles" in words(VOLUME, text)


def test_data_that_left_the_stack_file_is_refused_with_the_way_to_go() -> None:
    text = 'resource "urn" cannot be deleted\nbecause it is protected. To unprotect the resource, ...'
    assert words(VOLUME, text).startswith("PersistentVolume ns.files: it left the stack file, and it holds data")


def test_any_other_error_is_said_of_its_object() -> None:
    assert words(VOLUME, "no\n  way") == "PersistentVolume ns.files: no way"
    assert words(None, "no\n  way") == "no way"


def test_what_the_program_refuses_in_a_transform_is_told_alone() -> None:
    text = (
        "python inline source runtime error: invoke transform: rpc error: code = Unknown desc = Invoke callback "
        "ebbd84cf-d364-4874-823e-00b286b08fed error: Secret a/b: is described by x and by y"
    )
    assert words(None, f'{text}:\n  File "/a/b.py", line 31, in look\n    raise RefusedByGuard(x)') == words(None, text)
    assert words(None, text) == "Secret a/b: is described by x and by y"


PANIC = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7a3]

goroutine 214 [running]:
github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider.(*kubeProvider).Create(0xc000, {0x4, 0xc0})
\t/root/go/pkg/mod/github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider/provider.go:1803 +0x1b2f
"""


def test_the_stack_trace_of_a_plugin_is_left_out() -> None:
    assert words(VOLUME, PANIC) == (
        "PersistentVolume ns.files: panic: runtime error: invalid memory address or nil pointer dereference "
        "(the engine's plugin ended with a defect of its own; run the same again)"
    )
    assert words(VOLUME, "error: EOF goroutine 9 [select]: x").count("goroutine") == 0
    assert words(VOLUME, "the signal SIGTERM ended it").endswith(": the signal SIGTERM ended it")


EVENTS = [
    step("resourcePreEvent", "create", DEPLOYMENT, "a"),
    step("resOutputsEvent", "create", DEPLOYMENT, "a"),
    step("resOpFailedEvent", "update", CLAIM, "b"),
]


def test_a_log_has_a_line_for_each_end_and_each_wait() -> None:
    out = io.StringIO()
    with Lines(Console(file=out, width=80)) as display:
        listener = Listener(display.tell)
        for event in EVENTS:
            listener(event)
        display.tell({"event": "waits", "kind": "Deployment", "name": "ns/a", "why": "0 of 1 pods [available]"})
    assert out.getvalue().splitlines() == [
        "created Deployment ns/a",
        "failed: PersistentVolumeClaim ns/b",
        "  Deployment ns/a waits: 0 of 1 pods [available]",
    ]


def test_a_terminal_has_a_moving_line_with_the_reason() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with Lines(console) as display:
        display.tell({"event": "waits", "kind": "Deployment", "name": "ns/a", "why": "no room"})
        about = Object("urn", "Deployment", "ns/a", True)
        display.busy([(about, time.monotonic() - 12), (VOLUME, time.monotonic())])
        time.sleep(0.2)
    assert "Deployment ns/a: no room (12 s), and 1 more" in out.getvalue()
    assert "waits" not in out.getvalue()


def test_ci_gets_one_object_a_line() -> None:
    lines: list[str] = []
    with Json(lines.append) as display:
        listener = Listener(display.tell)
        for event in EVENTS:
            listener(event)
    notes = [json.loads(line) for line in lines]
    assert [note["event"] for note in notes] == ["started", "done", "failed"]
    assert all(line.count("\n") == 1 for line in lines)


@pytest.mark.parametrize("seconds", [0.4, 3.2])
def test_only_what_took_long_has_its_time(seconds: float) -> None:
    out = io.StringIO()
    note = {"event": "done", "operation": "update", "kind": "Deployment", "name": "ns/a", "seconds": seconds}
    Lines(Console(file=out, width=80)).tell(note)
    assert out.getvalue() == f"changed Deployment ns/a{' (3 s)' if seconds > 2 else ''}\n"
