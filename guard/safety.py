"""Checks whether a storage map and the pods that use it may go together, and says why not. Pure: it does no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from components.contract import WRITTEN, Claim, Profile, Role, RoleMount, StorageMap
from guard.classes import Bound, ClassFacts
from guard.report import Report, Verdict, merged
from guard.rules import RULES, check_overrides
from guard.table import TABLE, backing_of
from guard.table import UNKNOWN as UNKNOWN_BACKEND
from guard.words import BACKING_NAMES, DISKS, STORE_NAMES, Store, Writers

UNKNOWN = ("", "nobody known")
"""Values of claim["encrypted_by"] which mean that it is not known whether anything encrypts the claim."""


@dataclass(frozen=True)
class Pods:
    """How the application runs: number of pods, roll-out and stores, as plain values."""

    profile: Profile
    replicas: int = 1
    """The largest number of pods at one time: `replicas`, or the autoscaler's maximum."""
    strategy: Literal["Recreate", "RollingUpdate"] = "Recreate"
    """How the pod of the profile single-writer is replaced. The profile scaled always uses RollingUpdate."""
    session_affinity: bool = True
    """Whether the ingress sends a browser always to the same pod. Gradio keeps a session in the memory of one pod."""
    log_file_per_pod: bool = True
    document_store: Literal["lancedb", "elasticsearch"] = "lancedb"
    """The document store. Only the profile scaled has a choice; single-writer always uses LanceDB."""
    graph_indexes: bool = False
    """Whether GraphRAG or LightRAG is switched on. Both keep local files in the role indexes."""

    models_from_leader: bool = False
    """Whether a pod of its own has the claim of the role models, and the application's pods pull from it."""

    @property
    def many(self) -> bool:
        """Whether two pods may run at once.

        In the profile scaled one replica counts: a roll-out starts the new pod first.
        """
        return self.profile == Profile.SCALED or self.replicas > 1

    @property
    def text(self) -> str:
        """The number of pods in words, for messages."""
        if self.replicas > 1:
            return f"{self.replicas} pods"
        return "1 pod and the next one of a roll-out" if self.many else "1 pod"


@dataclass(frozen=True)
class ServerDisk:
    """The volume of a server that the stack runs: it is in no storage map."""

    name: str
    """The server in words: PostgreSQL, Qdrant."""
    key: str
    """Key of the server in the section `kotaemon:stores`."""
    facts: ClassFacts
    not_on_files: str
    """URL of the server's own word against network file systems."""


def check(
    storage: StorageMap,
    pods: Pods,
    overrides: Mapping[str, str] | None = None,
    claim_keys: Mapping[str, str] | None = None,
    classes: Mapping[str, ClassFacts] | None = None,
    servers: Sequence[ServerDisk] = (),
    protected: Mapping[str, Sequence[str]] | None = None,
) -> Report:
    """Ask every rule of the guard about a storage map and the pods that use it.

    `overrides`: rule -> reason. `claim_keys`: name of a PersistentVolumeClaim -> its name in the stack file, for claims
    where the two differ. `classes`: name of a PersistentVolumeClaim -> what its StorageClass makes, for claims on one.
    `servers`: the volumes of servers that the stack runs. `protected`: name of a PersistentVolumeClaim -> what backs it
    up, in words; None: it is not asked. Raises ValueError for an override that is not allowed and for
    a claim whose backend the table does not know. It does not raise for a refusal: call `Report.raise_if_refused`.
    """
    given = dict(overrides or {})
    check_overrides(given)
    mounts = _mounted(storage, pods)
    on_class = classes or {}
    # The leader is one pod, and is placed by itself: what is asked of the application's pods is not asked of its claim.
    mine = {role: mount for role, mount in mounts.items() if role != Role.MODELS or not pods.models_from_leader}
    found = [*_stores(mounts, pods, on_class), *_claims(mine, pods), *_pod(mine, pods)]
    found += _leader(mounts, pods)
    found += [*_classes(mounts, on_class), *_servers(servers), *_unprotected(mounts, protected)]
    unused = [rule for rule in given if rule not in {verdict.rule for verdict in found}]
    found += [_verdict("override-unused", None, f"{rule} is overridden, but does not apply") for rule in unused]
    return Report(tuple(merged(found, given, claim_keys or {})), given)


def stores_of(role: Role, pods: Pods) -> list[Store]:
    """The stores whose files are in a role. The profile scaled keeps sessions in PostgreSQL and vectors in a server."""
    scaled = pods.profile == Profile.SCALED
    graphs = [Store.INDEX_FILE] if pods.graph_indexes else []
    match role:
        case Role.SESSIONS:
            return [] if scaled else [Store.SQLITE]
        case Role.INDEXES if scaled:
            return ([Store.LANCEDB] if pods.document_store == "lancedb" else []) + [Store.UPLOADS, *graphs]
        case Role.INDEXES:
            return [Store.CHROMA, Store.LANCEDB, Store.UPLOADS, *graphs]
        case Role.MODELS:
            return [Store.HF_CACHE]
        case Role.UPLOADS:
            return [Store.UPLOADS]
        case Role.LOGS:
            return [Store.LOG]
        case Role.EVAL:
            return []


def writers_of(store: Store, pods: Pods) -> Writers:
    """Whether one pod or several write the same files of a store."""
    if (store == Store.LOG and pods.log_file_per_pod) or (store == Store.HF_CACHE and pods.models_from_leader):
        return Writers.ONE
    return Writers.MANY if pods.many else Writers.ONE


def _mounted(storage: StorageMap, pods: Pods) -> dict[Role, RoleMount]:
    roles = [role for role in Role if role != Role.SESSIONS or pods.profile == Profile.SINGLE_WRITER]
    return {role: storage[role.value] for role in roles if role.value in storage}


def _stores(mounts: Mapping[Role, RoleMount], pods: Pods, classes: Mapping[str, ClassFacts]) -> Iterator[Verdict]:
    for role, mount in mounts.items():
        claim = mount["claim"]
        backing = backing_of(claim)
        for store in stores_of(role, pods):
            cell = TABLE[store, backing, writers_of(store, pods)]
            # A read-only mount writes nothing; where the application must write, the rule read-only-written refuses it.
            # A disk
            # that several pods share concerns the whole claim: _claims reports it once.
            if cell.rule not in ("", "disk-many-pods") and not mount["read_only"]:
                where = _where(BACKING_NAMES[backing], classes.get(claim["name"]))
                text = f"{STORE_NAMES[store]} on {where}, {pods.text}: {cell.reason}"
                yield _verdict(cell.rule, claim, text, role, cell.source)


def _claims(mounts: Mapping[Role, RoleMount], pods: Pods) -> Iterator[Verdict]:
    for role, mount in mounts.items():
        claim = mount["claim"]
        backing = backing_of(claim)
        if pods.many and backing in DISKS:
            cell = TABLE[Store.UPLOADS, backing, Writers.MANY]
            text = f"{BACKING_NAMES[backing]}, {pods.text}: {cell.reason}"
            yield _verdict("disk-many-pods", claim, text, role, cell.source)
        if mount["read_only"] and role in WRITTEN:
            yield _verdict(
                "read-only-written",
                claim,
                "the role is mounted read-only, but the application writes it and would not start",
                role,
            )
        yield from _encryption(claim, role)


def _encryption(claim: Claim, role: Role) -> Iterator[Verdict]:
    if claim["encrypted_by"] in UNKNOWN:
        yield _verdict("encryption-unknown", claim, "nothing is known to encrypt it at rest", role)


def _leader(mounts: Mapping[Role, RoleMount], pods: Pods) -> Iterator[Verdict]:
    """What is asked of a claim that only the leader of the models mounts."""
    if pods.models_from_leader and Role.MODELS in mounts:
        yield from _encryption(mounts[Role.MODELS]["claim"], Role.MODELS)


def _where(backing: str, facts: ClassFacts | None) -> str:
    if facts is None:
        return backing
    return f"{backing} of {facts.text}" if facts.known else f"{facts.text}, judged as {backing}"


def _classes(mounts: Mapping[Role, RoleMount], classes: Mapping[str, ClassFacts]) -> Iterator[Verdict]:
    """What the class of a claim says beside its backing: nothing is known of it, or it ties the data to one node."""
    for role, mount in mounts.items():
        claim = mount["claim"]
        facts = classes.get(claim["name"])
        if claim["backend"] == UNKNOWN_BACKEND and facts is not None:
            yield _class_unknown(claim, facts, _unknown(facts), role)
        elif facts is not None and facts.bound == Bound.NODE:
            yield _verdict("node-local-data", claim, f"{facts.text}: {facts.node_loss}", role, _source(facts))
        elif facts is None and claim["backend"] == "node":
            text = "a folder on one node: the pod stays Pending until the node is back"
            yield _verdict("node-local-data", claim, text, role)
        if facts is not None and not mount["read_only"]:
            yield from (_verdict("class-loses-data", claim, text, role) for text in _losses(facts))


def _losses(facts: ClassFacts) -> Iterator[str]:
    yield from (f"{facts.text} mounts with {option}: {lost}" for option, lost in facts.loses.items())


def _servers(servers: Sequence[ServerDisk]) -> Iterator[Verdict]:
    for server in servers:
        facts, where = server.facts, f"stores.{server.key}: {server.name} on {server.facts.text}"
        if not facts.known:
            yield _class_unknown(None, facts, f"stores.{server.key}: {_unknown(facts)}")
        elif facts.backend not in ("disk", "node"):
            text = f"{where}, which is no disk: the server's own documentation asks for one"
            yield _verdict("server-on-network", None, text, source=server.not_on_files)
        elif facts.bound == Bound.NODE:
            yield _verdict("node-local-data", None, f"{where}: {facts.node_loss}", source=_source(facts))
        yield from (_verdict("class-loses-data", None, f"stores.{server.key}: {text}") for text in _losses(facts))


def _class_unknown(claim: Claim | None, facts: ClassFacts, text: str, role: Role | None = None) -> Verdict:
    found = _verdict("class-unknown", claim, text, role)
    return replace(found, fix=found.fix.replace("<name of the class>", facts.storage_class))


def _source(facts: ClassFacts) -> str:
    """The source of a row of the table; empty, so that the rule's own is taken, for the words of a stack file."""
    return facts.source if facts.source.startswith("https://") else ""


def _unknown(facts: ClassFacts) -> str:
    return f"{facts.text}: locks, zones and what a lost node does are not known"


def _pod(mounts: Mapping[Role, RoleMount], pods: Pods) -> Iterator[Verdict]:
    for role in WRITTEN:
        if role not in mounts and stores_of(role, pods):
            yield _verdict(
                "role-without-claim",
                None,
                "the data would be on the pod's own disk and lost with it",
                role,
            )
    placed = {mount["claim"]["name"]: mount["claim"] for mount in mounts.values() if mount["claim"]["zones"]}
    if placed and not set.intersection(*(set(claim["zones"]) for claim in placed.values())):
        where = ", ".join(f"{name} in {' or '.join(sorted(claim['zones']))}" for name, claim in placed.items())
        yield _verdict("zones-disjoint", None, f"no node can mount all of them, the pod stays Pending: {where}")
    if pods.many and not pods.session_affinity:
        text = f"{pods.text}, nothing sticky: a request that reaches another pod is answered 404 Session not found"
        yield _verdict("no-session-affinity", None, text)
    if pods.profile == Profile.SINGLE_WRITER and pods.strategy == "RollingUpdate":
        text = "the new pod starts while the old one writes; with a disk on another node it never starts"
        yield _verdict("rolling-update", None, text)


BACKED_UP = (*WRITTEN, Role.EVAL)
"""Roles whose data nobody can make again. Models are published again, and logs are copies."""


def _unprotected(mounts: Mapping[Role, RoleMount], protected: Mapping[str, Sequence[str]] | None) -> Iterator[Verdict]:
    """Claims without a backup: a warning and no refusal, because what the program does not see may protect them, and
    because a stack that runs must not stop running with a newer release of this program."""
    for role in BACKED_UP if protected is not None else ():
        mount = mounts.get(role)
        if mount is not None and protected is not None and not protected.get(mount["claim"]["name"]):
            yield _verdict("no-backup", mount["claim"], "nothing is known to back it up", role)


def _verdict(rule: str, claim: Claim | None, message: str, role: Role | None = None, source: str = "") -> Verdict:
    return Verdict(
        rule=rule,
        severity=RULES[rule].severity,
        role=role.value if role else "",
        claim=claim["name"] if claim else "",
        message=message,
        fix=RULES[rule].fix,
        source=source or RULES[rule].source,
    )
