"""The engine: which rule speaks when, in which words, and what an override can do."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from components.contract import AccessMode, Claim, Locks, Medium, Profile, Role, RoleMount, StorageMap
from guard import safety
from guard.report import GuardRefused, Report, Verdict
from guard.rules import RULES
from guard.safety import Pods

SINGLE, SCALED = Pods(Profile.SINGLE_WRITER), Pods(Profile.SCALED, replicas=3)


def claim(name: str, backend: str, **changes: Any) -> Claim:
    made = Claim(
        name=name,
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=backend,
        size_gib=100,
        zones=[],
        encrypted_by="LUKS on the server",
        locks=Locks.SHARED,
        fs_group=False,
    )
    if backend == "disk":
        made.update(access_mode=AccessMode.RWOP, medium=Medium.BLOCK, locks=Locks.ONE_NODE, fs_group=True)
    if backend == "object":
        made.update(medium=Medium.OBJECT, locks=Locks.NONE)
    return made | changes  # type: ignore[return-value]


NFS, DISK = claim("files", "nfs4"), claim("disk", "disk")
EFS, OBJECT = claim("shared", "efs"), claim("bucket", "object")
NOLOCK = claim("files", "nfs3", locks=Locks.NODE_LOCAL)


def storage(default: Claim = NFS, read_only: tuple[str, ...] = (), **roles: Claim | None) -> StorageMap:
    """Every role on `default`, but for the roles that are named; None leaves a role out."""
    claims = {role.value: roles.get(role.value, default) for role in Role}
    return {
        role: RoleMount(claim=used, sub_path=role, read_only=role in read_only)
        for role, used in claims.items()
        if used is not None
    }


ON_DISK = storage(indexes=DISK, sessions=DISK)
"""What a private stack makes by default."""


def rules(verdicts: list[Verdict]) -> list[str]:
    return [verdict.rule for verdict in verdicts]


def only(report: Report) -> Verdict:
    assert len(report.verdicts) == 1, report.verdicts
    return report.verdicts[0]


def test_the_default_of_each_profile_is_accepted_without_a_word() -> None:
    assert safety.check(ON_DISK, SINGLE).verdicts == ()
    pods = Pods(Profile.SCALED, replicas=5, strategy="RollingUpdate", document_store="elasticsearch")
    report = safety.check(storage(sessions=None), pods)
    assert report.verdicts == ()
    report.raise_if_refused("Pulumi.x.yaml")


def test_lancedb_of_many_pods_is_a_warning() -> None:
    report = safety.check(storage(sessions=None), SCALED)
    assert rules(report.warnings) == ["lancedb-many-writers"]
    report.raise_if_refused("Pulumi.x.yaml")


PUBLIC_CASE = """\
Pulumi.x.yaml: refused by the guard for 3 reasons, nothing was created:
  - sqlite-many-writers, role sessions, claim shared: SQLite on EFS, 5 pods: over a network SQLite is for one client; \
Kotaemon gives up on a lock after 5 s, and of two pods that start on an empty database one crashes \
(ktem/index/manager.py:186)
    change kotaemon:replicas: 1, or kotaemon:profile: scaled with a database and a vector server
    see https://sqlite.org/useovernet.html
  - chroma-many-writers, role indexes, claim shared: Chroma on EFS, 5 pods: Chroma is not process-safe: a pod never \
finds what another has added until it restarts, and the last to save its HNSW files wins; a Chroma server is not \
possible (Kotaemon always opens a folder)
    change kotaemon:replicas: 1, or kotaemon:profile: scaled with a database and a vector server
    see https://cookbook.chromadb.dev/core/system_constraints
  - no-session-affinity: 5 pods, nothing sticky: a request that reaches another pod is answered 404 Session not found
    change kotaemon:ingress: a controller that does (docs/clusters.md), or stickyBy: what makes it in your cluster
    see https://github.com/gradio-app/gradio/issues/6920
    or take the risk: kotaemon:overrides.no-session-affinity: <your reason>"""


def test_the_public_deployment_is_refused_with_three_reasons() -> None:
    """Five replicas on SQLite and Chroma over EFS without stickiness (tne-ai/kotaemon, terraform/)."""
    report = safety.check(storage(EFS), Pods(Profile.SINGLE_WRITER, replicas=5, session_affinity=False))
    with pytest.raises(GuardRefused) as caught:
        report.raise_if_refused("Pulumi.x.yaml")
    assert str(caught.value) == PUBLIC_CASE
    assert caught.value.exit_code == 2
    assert rules(report.warnings) == ["lancedb-many-writers"]


TABLE_CASES = [
    ("sqlite nolock", storage(DISK, sessions=NOLOCK), SINGLE, ["sqlite-on-node-local-locks"]),
    ("indexes nolock", storage(DISK, indexes=NOLOCK), SINGLE, ["chroma-on-node-local-locks"]),
    ("uploads nolock", storage(DISK, uploads=NOLOCK, models=NOLOCK, logs=NOLOCK), SINGLE, []),
    ("all on nfs", storage(NFS), SINGLE, ["sqlite-on-network", "chroma-on-network"]),
    ("NAS v3", storage(claim("nas", "nas3")), SINGLE, ["sqlite-on-node-local-locks", "chroma-on-node-local-locks"]),
    ("sessions on a bucket", storage(DISK, sessions=OBJECT), SINGLE, ["sqlite-on-object"]),
    (
        "indexes on a bucket",
        storage(DISK, indexes=OBJECT),
        SINGLE,
        ["chroma-on-object", "lancedb-on-object", "uploads-on-object"],
    ),
    ("uploads on a bucket", storage(DISK, uploads=OBJECT), SINGLE, ["uploads-on-object"]),
    ("models on a bucket", storage(DISK, models=OBJECT), SINGLE, ["hf-cache-on-object"]),
    ("models read from a bucket", storage(DISK, read_only=("models",), models=OBJECT), SINGLE, []),
    ("eval on a bucket", storage(DISK, eval=OBJECT), SINGLE, []),
    ("logs on a bucket", storage(DISK, logs=OBJECT), SINGLE, ["log-on-object"]),
    ("graph indexes, one pod", storage(DISK), Pods(Profile.SINGLE_WRITER, graph_indexes=True), []),
    (
        "graph indexes, scaled",
        storage(NFS),
        Pods(Profile.SCALED, graph_indexes=True),
        ["index-file-many-writers", "lancedb-many-writers"],
    ),
    (
        "one log file for all",
        storage(NFS),
        Pods(Profile.SCALED, log_file_per_pod=False, document_store="elasticsearch"),
        ["log-shared-file"],
    ),
    (
        "one log file on Lustre",
        storage(NFS, logs=claim("fast", "lustre")),
        Pods(Profile.SCALED, log_file_per_pod=False, document_store="elasticsearch"),
        ["log-shared-slow"],
    ),
    (
        "a cache that pods write without locks",
        storage(NFS, models=claim("fast", "lustre", locks=Locks.NODE_LOCAL)),
        Pods(Profile.SCALED, document_store="elasticsearch"),
        ["hf-cache-locks"],
    ),
    ("scaled, sessions are in PostgreSQL", storage(NFS, sessions=DISK), SCALED, ["lancedb-many-writers"]),
]


@pytest.mark.parametrize(("name", "given", "pods", "expected"), TABLE_CASES, ids=[case[0] for case in TABLE_CASES])
def test_rules_of_the_table(name: str, given: StorageMap, pods: Pods, expected: list[str]) -> None:
    assert rules(list(safety.check(given, pods).verdicts)) == expected


def test_replicas_in_single_writer() -> None:
    report = safety.check(ON_DISK, Pods(Profile.SINGLE_WRITER, replicas=2))
    assert [(v.rule, v.role, v.claim) for v in report.refusals] == [
        ("sqlite-many-writers", "sessions", "disk"),
        ("chroma-many-writers", "indexes", "disk"),
        ("disk-many-pods", "indexes, sessions", "disk"),
    ]
    assert report.refusals[0].message == (
        "SQLite on disk, ReadWriteOncePod, 2 pods: the disk admits one pod: the second stays Pending"
    )


@pytest.mark.parametrize("replicas", [1, 3])
def test_scaled_needs_file_claims(replicas: int) -> None:
    """Even one replica: its roll-out starts the new pod before the old one ends."""
    rwo = claim("disk", "disk", access_mode=AccessMode.RWO)
    given = storage(NFS, uploads=rwo, indexes=rwo)
    verdict = safety.check(given, Pods(Profile.SCALED, replicas=replicas, document_store="elasticsearch")).refusals[0]
    many = "3 pods" if replicas == 3 else "1 pod and the next one of a roll-out"
    assert (verdict.rule, verdict.role, verdict.claim) == ("disk-many-pods", "indexes, uploads", "disk")
    assert verdict.message == (
        f"disk, ReadWriteOnce, {many}: the disk is on one node: a pod elsewhere never starts (Multi-Attach), "
        "a pod on the same node writes too"
    )
    assert verdict.fix == (
        "kotaemon:storage.roles.<role>.claim: a file claim (nfs, efs, openzfs, lustre, nas); "
        "or kotaemon:profile: single-writer with kotaemon:replicas: 1; or kotaemon:models.share, for the role models alone"
    )


def test_models_on_a_disk_go_with_many_pods_when_a_leader_hands_them_out() -> None:
    rwo = claim("disk", "disk", access_mode=AccessMode.RWO, zones=["zone-a"])
    given = storage(NFS | {"zones": ["zone-b"]}, models=rwo)
    pods = Pods(Profile.SCALED, replicas=3, document_store="elasticsearch")
    assert {v.rule for v in safety.check(given, pods).refusals} == {"disk-many-pods", "zones-disjoint"}
    assert safety.check(given, replace(pods, models_from_leader=True)).refusals == []
    unknown = storage(NFS, models=rwo | {"encrypted_by": ""})
    found = safety.check(unknown, replace(pods, models_from_leader=True)).verdicts
    assert "encryption-unknown" in {v.rule for v in found}


@pytest.mark.parametrize("role", ["sessions", "indexes", "uploads"])
def test_a_role_without_a_claim(role: str) -> None:
    verdict = only(safety.check(storage(DISK, **{role: None}), SINGLE))
    assert verdict.line == f"role-without-claim, role {role}: the data would be on the pod's own disk and lost with it"
    assert verdict.fix == f"kotaemon:storage.roles.{role}.claim: a disk or a file claim"


@pytest.mark.parametrize("role", ["models", "logs", "eval"])
def test_roles_that_may_be_without_a_claim(role: str) -> None:
    assert safety.check(storage(DISK, **{role: None}), SINGLE).verdicts == ()


@pytest.mark.parametrize("role", ["sessions", "indexes", "uploads"])
def test_read_only_where_the_application_writes(role: str) -> None:
    verdict = only(safety.check(storage(DISK, read_only=(role,)), SINGLE))
    assert verdict.line == (
        f"read-only-written, role {role}, claim disk: "
        "the role is mounted read-only, but the application writes it and would not start"
    )
    assert verdict.fix.startswith(f"kotaemon:storage.roles.{role}.readOnly: false")


def test_zones_in_common() -> None:
    a, ab, b = (claim(name, "disk", zones=zones) for name, zones in (("a", ["x"]), ("ab", ["x", "y"]), ("b", ["y"])))
    assert safety.check(storage(a, models=ab), SINGLE).verdicts == ()
    assert safety.check(storage(a, models=NFS), SINGLE).verdicts == ()
    verdict = only(safety.check(storage(a, models=ab, sessions=b), SINGLE))
    assert verdict.line == (
        "zones-disjoint: no node can mount all of them, the pod stays Pending: ab in x or y, a in x, b in y"
    )


def test_zones_of_three_claims_that_meet_only_in_pairs() -> None:
    claims = [
        claim(name, "disk", zones=zones) for name, zones in (("p", ["x", "y"]), ("q", ["y", "z"]), ("r", ["z", "x"]))
    ]
    given = storage(claims[0], models=claims[1], sessions=claims[2])
    assert rules(safety.check(given, SINGLE).refusals) == ["zones-disjoint"]


def test_sessions_are_not_mounted_in_scaled() -> None:
    given = storage(claim("files", "efs", zones=["x"]), sessions=claim("disk", "disk", zones=["y"]))
    assert rules(list(safety.check(given, SCALED).verdicts)) == ["lancedb-many-writers"]


def test_session_affinity() -> None:
    no_cookie = {"session_affinity": False}
    assert safety.check(ON_DISK, Pods(Profile.SINGLE_WRITER, **no_cookie)).verdicts == ()
    report = safety.check(storage(NFS), Pods(Profile.SCALED, replicas=2, **no_cookie))
    assert rules(report.refusals) == ["no-session-affinity"]


def test_rolling_update_of_a_single_writer() -> None:
    verdict = only(safety.check(ON_DISK, Pods(Profile.SINGLE_WRITER, strategy="RollingUpdate")))
    assert verdict.line == (
        "rolling-update: the new pod starts while the old one writes; with a disk on another node it never starts"
    )


@pytest.mark.parametrize("nobody", ["", "nobody known"])
def test_unknown_encryption_is_one_warning_for_a_claim(nobody: str) -> None:
    report = safety.check(storage(claim("disk", "disk", encrypted_by=nobody)), SINGLE, claim_keys={"disk": "fast"})
    verdict = only(report)
    assert rules(report.warnings) == ["encryption-unknown"]
    assert (verdict.role, verdict.claim) == ("models, indexes, sessions, uploads, logs, eval", "fast")
    assert verdict.fix.startswith("kotaemon:storage.claims.fast.encryptedBy: the name of what encrypts it")


def test_the_words_of_the_stack_file_are_used() -> None:
    """The claim's object is called kotaemon-files, the key in the stack file is files."""
    given = storage(DISK, sessions=claim("kotaemon-files", "nfs3", locks=Locks.NODE_LOCAL))
    verdict = only(safety.check(given, SINGLE, claim_keys={"kotaemon-files": "files"}))
    assert verdict.line == (
        "sqlite-on-node-local-locks, role sessions, claim files: SQLite on NFS with nolock, 1 pod: a lock is invisible "
        "on other nodes: while the pod of a lost node still runs, its successor overwrites what that pod has "
        "committed, and that pod sees no error"
    )
    assert verdict.fix == (
        "kotaemon:storage.roles.sessions.claim: a claim that is a disk; "
        "or kotaemon:storage.claims.files: real locks (NFS v4 without nolock, Lustre with flock)"
    )


REASON = "one node only"


def test_an_override_is_told_every_time() -> None:
    given = storage(DISK, sessions=NOLOCK, uploads=OBJECT)
    report = safety.check(given, SINGLE, {"sqlite-on-node-local-locks": REASON})
    assert report.overrides == {"sqlite-on-node-local-locks": REASON}
    assert [(v.rule, v.overridden) for v in report.overridden] == [("sqlite-on-node-local-locks", REASON)]
    assert rules(report.refusals) == ["uploads-on-object"]
    with pytest.raises(GuardRefused) as caught:
        report.raise_if_refused("Pulumi.x.yaml")
    assert str(caught.value).split("\n")[0] == "Pulumi.x.yaml: refused by the guard for 1 reason, nothing was created:"
    assert str(caught.value).split("\n")[-1] == f"  overridden: {report.overridden[0].line} (reason given: {REASON})"


def test_an_override_lets_the_run_go_on() -> None:
    report = safety.check(storage(DISK, sessions=NOLOCK), SINGLE, {"sqlite-on-node-local-locks": REASON})
    report.raise_if_refused("Pulumi.x.yaml")
    assert report.refusals == []


def test_an_unused_override_is_a_warning() -> None:
    report = safety.check(ON_DISK, SINGLE, {"zones-disjoint": REASON})
    assert [verdict.line for verdict in report.warnings] == [
        "override-unused: zones-disjoint is overridden, but does not apply"
    ]
    assert report.overrides == {"zones-disjoint": REASON}


WRONG_OVERRIDES = [
    (
        {"sqlite-on-node-local-lock": REASON},
        "kotaemon:overrides.sqlite-on-node-local-lock: unknown rule; did you mean sqlite-on-node-local-locks?",
    ),
    ({"qqqqq": REASON}, f"kotaemon:overrides.qqqqq: unknown rule; known: {', '.join(RULES)}"),
    ({"*": REASON}, "kotaemon:overrides.*: an override names one rule; there are no wildcards"),
    ({"sqlite-*": REASON}, "kotaemon:overrides.sqlite-*: an override names one rule; there are no wildcards"),
    ({"zones-disjoint": " "}, "kotaemon:overrides.zones-disjoint: give the reason as its value"),
    (
        {"sqlite-many-writers": REASON, "zones-disjoint": ""},
        "kotaemon:overrides.sqlite-many-writers: cannot be overridden; instead: "
        "kotaemon:replicas: 1, or kotaemon:profile: scaled with a database and a vector server\n"
        "kotaemon:overrides.zones-disjoint: give the reason as its value",
    ),
    (
        {"role-without-claim": REASON},
        "kotaemon:overrides.role-without-claim: cannot be overridden; instead: "
        "kotaemon:storage.roles.<role>.claim: a disk or a file claim",
    ),
]


@pytest.mark.parametrize(("overrides", "message"), WRONG_OVERRIDES, ids=[", ".join(o) for o, _ in WRONG_OVERRIDES])
def test_overrides_that_cannot_be(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        safety.check(ON_DISK, SINGLE, overrides)


def test_an_unknown_backend_is_an_error_even_for_a_role_that_holds_nothing() -> None:
    with pytest.raises(ValueError, match="the guard knows no backend 'tape'"):
        safety.check(storage(DISK, eval=claim("cold", "tape")), SINGLE)


def test_the_guard_imports_no_pulumi() -> None:
    """So it can run anywhere, in the time of a keystroke."""
    code = "import guard.safety, guard.docs, sys; print(any(name.startswith('pulumi') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
