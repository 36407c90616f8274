"""Every rule of the guard: its severity, whether it can be overridden, and what to change in the stack file."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """What a rule does when it applies."""

    REFUSE = "refuse"
    """The run stops before anything is created."""
    WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """A rule of the guard. Its name is also its key in `kotaemon:overrides`."""

    severity: Severity
    when: str
    """When the rule applies, in words for docs/guard.md."""
    fix: str
    """What to change in the stack file. `{role}` and `{claim}` are replaced by the role and by the claim's name
    there."""
    final: bool = False
    """Whether the rule cannot be overridden: no storage makes it safe, and the fix gives the same service safely."""
    source: str = ""
    """URL of the documentation or of an issue. Empty when each cell of the table has a source of its own."""


_REFUSE, _WARN = Severity.REFUSE, Severity.WARN
_ONE_POD = "kotaemon:replicas: 1, or kotaemon:profile: scaled with a database and a vector server"
_OTHER_CLAIM = "kotaemon:storage.roles.{role}.claim: "
_DISK = _OTHER_CLAIM + "a claim that is a disk"
_FILE = _OTHER_CLAIM + "a file claim (nfs, efs, openzfs, lustre, nas)"
_DISK_OR_FILE = _OTHER_CLAIM + "a disk or a file claim"

RULES: Mapping[str, Rule] = {
    "sqlite-many-writers": Rule(_REFUSE, "several pods write one SQLite database", _ONE_POD, final=True),
    "chroma-many-writers": Rule(_REFUSE, "several pods write one Chroma folder", _ONE_POD, final=True),
    "index-file-many-writers": Rule(
        _REFUSE,
        "several pods rewrite one FAISS, HNSW or graph file",
        'kotaemon:env: USE_LIGHTRAG, USE_NANO_GRAPHRAG and USE_MS_GRAPHRAG "false", or kotaemon:profile: single-writer',
        final=True,
    ),
    "role-without-claim": Rule(
        _REFUSE,
        "a role that the application writes has no claim: its data would be lost with the pod",
        _DISK_OR_FILE,
        final=True,
        source="https://github.com/Cinnamon/kotaemon/issues/608",
    ),
    "sqlite-on-node-local-locks": Rule(
        _REFUSE,
        "SQLite where locks are node-local or fail",
        _DISK + "; or kotaemon:storage.claims.{claim}: real locks (NFS v4 without nolock, Lustre with flock)",
    ),
    "chroma-on-node-local-locks": Rule(
        _REFUSE,
        "Chroma where locks are node-local or fail",
        _DISK + "; or kotaemon:storage.claims.{claim}: real locks (NFS v4 without nolock, Lustre with flock)",
    ),
    "sqlite-on-object": Rule(_REFUSE, "SQLite on an object mount", _DISK),
    "chroma-on-object": Rule(_REFUSE, "Chroma on an object mount", _DISK),
    "lancedb-on-object": Rule(_REFUSE, "LanceDB on an object mount", _DISK_OR_FILE),
    "lancedb-on-smb": Rule(_REFUSE, "LanceDB on SMB, where hard links may be missing", _DISK + ", or NFS"),
    "index-file-on-object": Rule(_REFUSE, "a FAISS, HNSW or graph file on an object mount", _DISK_OR_FILE),
    "hf-cache-on-object": Rule(
        _REFUSE,
        "a Hugging Face cache that is written on an object mount",
        "kotaemon:storage.roles.{role}.readOnly: true, or .claim: a disk or a file claim",
    ),
    "uploads-on-object": Rule(_REFUSE, "uploads or original documents on an object mount", _DISK_OR_FILE),
    "log-on-object": Rule(_REFUSE, "a log file on an object mount", _DISK_OR_FILE),
    "log-shared-file": Rule(
        _REFUSE, "several pods append to one log file where an append is not atomic", "one log file per pod"
    ),
    "disk-many-pods": Rule(
        _REFUSE,
        "several pods mount one disk (the profile scaled needs file claims, even with one replica)",
        _FILE
        + "; or kotaemon:profile: single-writer with kotaemon:replicas: 1; or kotaemon:models.share, for the role "
        "models alone",
        final=True,
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
    ),
    "read-only-written": Rule(
        _REFUSE,
        "sessions, indexes or uploads are mounted read-only",
        "kotaemon:storage.roles.{role}.readOnly: false; models, logs and eval may be read-only",
        final=True,
        source="https://github.com/Cinnamon/kotaemon/blob/v0.11.3/flowsettings.py#L85-L104",
    ),
    "zones-disjoint": Rule(
        _REFUSE,
        "the claims of one pod have no zone in common",
        "kotaemon:storage.claims.<claim>: a zone in common, or kotaemon:storage.roles.<role>.claim: one claim for all",
        source="https://github.com/awslabs/kubeflow-manifests/issues/711",
    ),
    "no-session-affinity": Rule(
        _REFUSE,
        "several pods serve, and nothing sends a browser always to the same one",
        "kotaemon:ingress: a controller that does (docs/clusters.md), or stickyBy: what makes it in your cluster",
        source="https://github.com/gradio-app/gradio/issues/6920",
    ),
    "rolling-update": Rule(
        _REFUSE,
        "a single writer is replaced by RollingUpdate",
        "the strategy Recreate, as the profile single-writer has",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment",
    ),
    "server-on-network": Rule(
        _REFUSE,
        "a bundled PostgreSQL or Qdrant on a class that is no disk (EFS, NFS, NAS, CephFS ...)",
        "kotaemon:stores.<store>.storageClass: a class of disks; or a server of your own (kind external, qdrant)",
        source="https://qdrant.tech/documentation/installation/index.md",
    ),
    "class-loses-data": Rule(
        _REFUSE,
        "a StorageClass mounts with an option that loses data (soft, softerr, nobarrier ...)",
        "the mountOptions and parameters of the class, or another class: options of a living class reach new volumes "
        "only, so change those of the PersistentVolume as well",
        source="https://man7.org/linux/man-pages/man5/nfs.5.html",
    ),
    "sqlite-on-network": Rule(_WARN, "SQLite on a network file system with real locks", _DISK),
    "chroma-on-network": Rule(_WARN, "Chroma on a network file system with real locks", _DISK),
    "lancedb-many-writers": Rule(
        _WARN, "several pods write one LanceDB", "Elasticsearch as document store, when many users upload at once"
    ),
    "hf-cache-locks": Rule(
        _WARN,
        "a Hugging Face cache that is written where flock is node-local or fails",
        "kotaemon:storage.roles.{role}.readOnly: true, and fill it by one job",
    ),
    "log-shared-slow": Rule(_WARN, "several pods append to one log file on Lustre", "one log file per pod"),
    "class-unknown": Rule(
        _WARN,
        "what the driver of a StorageClass makes is not known, so locks and what a lost node does are not known either",
        "kotaemon:storage.classes.<name of the class>: provisioner and parameters, or standsOn and boundTo",
        source="docs/storage-classes.md",
    ),
    "node-local-data": Rule(
        _WARN,
        "data is on the disk of one node",
        "kotaemon:storage: a class whose volumes other nodes can use; or accept it, and keep copies elsewhere",
        source="https://kubernetes.io/docs/concepts/storage/volumes/#local",
    ),
    "encryption-unknown": Rule(
        _WARN,
        "nothing is known to encrypt a claim at rest",
        "kotaemon:storage.claims.{claim}.encryptedBy: the name of what encrypts it, or a claim kind that encrypts "
        "with your key",
        source="https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md",
    ),
    "no-backup": Rule(
        _WARN,
        "nothing is known to back up a claim with sessions, indexes, uploads or reports",
        "kotaemon:backup: `to` with a repository, or `snapshots` (docs/backups.md); what protects it elsewhere is said "
        "as the reason of kotaemon:overrides.no-backup",
        source="docs/backups.md",
    ),
    "override-unused": Rule(
        _WARN,
        "an override names a rule that does not apply",
        "remove kotaemon:overrides.<rule>",
        final=True,
        source="docs/guard.md",
    ),
}
"""All rules by name, in the order in which they are reported."""


def check_overrides(overrides: Mapping[str, str]) -> None:
    """Raise ValueError, with one line for each mistake, when an override is not allowed."""
    if errors := [error for rule, reason in overrides.items() if (error := _wrong(rule, reason))]:
        raise ValueError("\n".join(errors))


def _wrong(rule: str, reason: str) -> str:
    key = f"kotaemon:overrides.{rule}"
    if rule not in RULES:
        if "*" in rule:
            return f"{key}: an override names one rule; there are no wildcards"
        near = difflib.get_close_matches(rule, RULES, n=1, cutoff=0.5)
        return f"{key}: unknown rule" + (f"; did you mean {near[0]}?" if near else f"; known: {', '.join(RULES)}")
    if RULES[rule].final:
        return f"{key}: cannot be overridden; instead: {_general(RULES[rule].fix)}"
    return "" if reason.strip() else f"{key}: give the reason as its value"


def _general(fix: str) -> str:
    return fix.replace("{role}", "<role>").replace("{claim}", "<claim>")
