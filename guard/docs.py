"""Write docs/guard.md from the guard's rules and table: `python -m guard.docs`. A test checks that it is up to date."""

from pathlib import Path

from guard.rules import RULES, Severity
from guard.table import TABLE, Cell, Verdict
from guard.words import BACKING_NAMES, STORE_NAMES, Backing, Store, Writers

PATH = Path(__file__).parent.parent / "docs" / "guard.md"

_INTRO = """\
# The guard: what loses data is refused

<!-- Written by `python -m guard.docs` from guard/rules.py and the rows in guard/rows.py. Do not edit. -->

Before anything is created, at `make plan` and at `pulumi up`, the guard reads the storage map and how many pods use it.
It is a pure function (`guard/safety.py`): no account, no cluster, no network. A refusal stops the run with exit code 2
and says which rule, role and claim, why, and what to change in the stack file. A warning is listed and stops nothing.

## Rules

| rule | does | override | applies when | change |
|---|---|---|---|---|
"""

_OVERRIDES = """
An override names one rule and gives a reason; there is no wildcard, no list and no switch for all:

```yaml
config:
  kotaemon:overrides:
    sqlite-on-node-local-locks: "One node only, and its loss is accepted until the move in January."
```

It is printed on every run, used or not, and exported as the stack output `overrides`. Rules marked "no" cannot be
overridden: no storage makes them safe, and another setting gives the same service safely. The others can be, because
the one who runs the storage may know more of it than a table does.

Several pods in the profile `single-writer` are refused store by store: SQLite and Chroma each allow one writer. In the
profile `scaled` even one replica counts as several, because its roll-out starts the new pod before the old one ends.

## Table

"One" is one writer by design; for a moment there may be two, the pod of a lost node and its successor. Which row a
claim is in follows from its `backend`, its access mode and its `locks`; locks that are not surely shared count as
node-local, and a backend that is not here is an error.
"""

_MEASURED = """
## What was run, and what was not

`tests/unit/guard/test_empirical.py` lets two processes write to real directories, step by step, so that the race
happens every time:

| two processes on | what happens | row |
|---|---|---|
"""

_RUNS = (
    ("SQLite, locks shared", "nothing that was acknowledged is lost", "one writer on a disk: ok"),
    ("SQLite, locks node-local", "acknowledged rows are overwritten", "one writer on nolock: refused"),
    (
        "Chroma-like: rows, an index in memory, a file",
        "one counts the other's row and never finds it; the last to save wins",
        "many writers: refused everywhere",
    ),
    ("one log file, O_APPEND, one kernel", "no line is lost", "a disk is refused for its mount, not for appends"),
    ("one log file, the client knows the end (NFS)", "lines overwrite each other", "many writers on NFS: refused"),
    ("one log file each, either way", "no line is lost", "one writer: ok"),
    ("LanceDB-like commit, hard link", "the second gets an error and commits again", "many writers: warned"),
    ("LanceDB-like commit, no hard link", "a commit is lost", "object mount: refused"),
)

_HONEST = """
Node-local locks are made by SQLite's `nolock=1`. That a mount with node-local locks does the same was checked with
two FUSE mounts of one directory (bindfs 1.14.7, Linux 6.18, SQLite 3.40.1, 2026-11-24), each of which keeps its fcntl
locks to itself: the result is the same, row by row; with lock forwarding switched on nothing is lost. The test does
both again wherever bindfs is installed and may mount, and is reported as skipped elsewhere.

The real Chroma (chromadb 0.5.16, the version of Kotaemon 0.11.3) was run by hand on the same day with two processes on
one folder: after both had added a vector the first counted 2 and found 1; after a restart 2 were found.

Not possible here, and so taken from the sources in the table: a real NFS mount (this kernel has no NFS client), EFS,
FSx, NAS, JuiceFS and object mounts, FAISS, the Hugging Face cache, and the loss of a real node.
"""


def text() -> str:
    """The text of docs/guard.md."""
    parts = [_INTRO, *(_rule(name) for name in RULES), _OVERRIDES]
    for store in Store:
        parts += [f"\n### {STORE_NAMES[store]}\n\n", "| on | one writer | many writers |\n|---|---|---|\n"]
        parts += [_row(store, backing) for backing in Backing]
    runs = (f"| {' | '.join(run)} |\n" for run in _RUNS)
    return "".join([*parts, _MEASURED, *runs, _HONEST])


def _rule(name: str) -> str:
    rule = RULES[name]
    does = "refuses" if rule.severity == Severity.REFUSE else "warns"
    change = _code(rule.fix.replace("{role}", "<role>").replace("{claim}", "<claim>"))
    return f"| `{name}` | {does} | {'no' if rule.final else 'yes'} | {_linked(rule.when, rule.source)} | {change} |\n"


def _row(store: Store, backing: Backing) -> str:
    one, many = (TABLE[store, backing, writers] for writers in Writers)
    return f"| {BACKING_NAMES[backing]} | {_cell(one)} | {_cell(many)} |\n"


def _cell(cell: Cell) -> str:
    verdict = "ok" if cell.verdict == Verdict.OK else f"**{cell.verdict.value}** `{cell.rule}`"
    return f"{verdict}: {_linked(cell.reason, cell.source)}"


def _linked(text: str, source: str) -> str:
    return f"{text} ([source]({source}))" if source.startswith("https://") else text


def _code(fix: str) -> str:
    words = (f"`{word}`" if "kotaemon:" in word else word for word in fix.split(" "))
    return " ".join(words)


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text())
