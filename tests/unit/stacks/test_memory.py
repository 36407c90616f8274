"""The memory of a stack file: what it holds, and what it refuses, through the program itself."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from plan.recorder import Echo, Run
from plan.stack_file import StackFile
from stacks import memory
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError

RunProgram = Callable[..., Run]
STACKS = sorted(file.name.split(".")[1] for file in stack_file.ROOT.glob("Pulumi.*.yaml"))
ARCHIVE = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/archive", "encryptedBy": "LUKS"}


class Nothing(Echo):
    """Fails the test when anything is registered."""

    def new_resource(self, args: Any) -> Any:
        raise AssertionError(f"{args.typ} {args.name} was registered although the run is refused")


def changed(folder: Path, example: str, change: Mapping[str, Any]) -> StackFile:
    """The example with changes: path with dots -> value; None removes the key."""
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{example}.yaml").read_text())
    for path, value in change.items():
        first, *keys = path.split(".")
        place, last = document["config"], f"kotaemon:{first}"
        for key in keys:
            place, last = place.setdefault(last, {}), key
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    (folder / f"Pulumi.{example}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(example, folder)


def remembered(example: str) -> dict[str, Any]:
    """What a run of the example remembers, without the ids that only a cluster gives."""
    return collect.make(stack_file.read(example)).memory


def refused(file: StackFile, before: dict[str, Any], pulumi_run: RunProgram) -> str:
    """The refusal of the program on an engine, and of a plan: they are the same, and nothing was registered."""
    earlier = {"memory": before}
    with pytest.raises(RefusedByGuard) as caught:
        pulumi_run(
            file.program, Nothing(), stack=file.name, config=file.config, secret_keys=file.secret_keys, earlier=earlier
        )
    with pytest.raises(RefusedByGuard) as planned:
        collect.make(file, before)
    assert str(caught.value) == str(planned.value)
    return str(caught.value)


@pytest.mark.parametrize("example", STACKS)
def test_nothing_is_refused_without_a_change(example: str) -> None:
    collect.make(stack_file.read(example), remembered(example))


@pytest.mark.parametrize("example", STACKS)
def test_what_is_remembered_is_read_as_it_was_written(example: str) -> None:
    plain = remembered(example)
    assert memory.to_plain(memory.from_plain(json.loads(json.dumps(plain)))) == plain
    assert set(plain["data"]) == {"models", "indexes", "sessions", "uploads", "logs", "eval", "vectors", "documents"}
    assert all(data["at"]["words"] for data in plain["data"].values())


def test_an_output_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    plain = {"data": {"models": {"at": {"key": "k", "words": {"a": "b"}, "more": 1}, "later": []}}, "later": {}}
    assert memory.from_plain(plain).data["models"].places[0].words == {"a": "b"}


FILES, DISK = ["models", "uploads", "logs", "eval"], ["indexes", "sessions"]


def on(claim: str, roles: list[str]) -> dict[str, Any]:
    return {f"storage.roles.{role}.claim": claim for role in roles}


CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "a claim is renamed",
        "dev",
        {
            "storage.claims.disk": None,
            "storage.claims.fast": {"kind": "storage-class", "storageClass": "dev-block", "encryptedBy": "simulated"},
        },
        [
            "kotaemon:storage.claims.disk: left the stack file",
            "indexes: is on kotaemon:storage.claims.disk",
            "sessions: is on",
        ],
    ),
    (
        "another folder",
        "dev",
        {"storage.roles.uploads.subPath": "new", **on("files", FILES)},
        [
            "uploads: is on kotaemon:storage.claims.files (path /srv/nfs/kotaemon, server nfs.devcluster.internal, folder uploads)"
        ],
    ),
    ("another server", "dev", {"storage.claims.files.server": "other"}, ["kotaemon:storage.claims.files: is path"]),
    (
        "another namespace",
        "dev",
        {"namespace": "other"},
        ["kotaemon:storage.claims.disk: is claim kotaemon/kotaemon-disk"],
    ),
    (
        "a role's own claim is taken away",
        "aws-scaled",
        {"storage.roles": None, "storage.claims.weights": None},
        ["kotaemon:storage.claims.weights: left", "models: is on kotaemon:storage.claims.weights"],
    ),
    ("another identifier", "aws-scaled", {"aws.database.identifier": "new"}, ["sessions: is on kotaemon:aws.database"]),
    (
        "another region",
        "alicloud-single",
        {
            "alicloud.region": "cn-beijing",
            "alicloud.vswitches": {"cn-beijing-h": "vsw-1"},
            "storage.claims.files.zone": "cn-beijing-h",
        },
        ["kotaemon:storage.claims.disk: is"],
    ),
    (
        "another vector server",
        "aws-scaled",
        {"stores.vectorStore.url": "http://other:6333"},
        ["vectors: is on kotaemon:stores.vectorStore (kind qdrant, url http://qdrant.internal.example.com:6333)"],
    ),
    (
        "several pods",
        "dev",
        {
            "profile": "scaled",
            "stores": {
                "database": {"kind": "bundled", "storageClass": "dev-block"},
                "vectorStore": {"kind": "qdrant-bundled", "storageClass": "dev-block"},
            },
        },
        [
            "indexes: is on kotaemon:storage.claims.disk",
            "sessions: is on kotaemon:storage.claims.disk",
            "vectors: is on kotaemon:storage.roles.indexes",
        ],
    ),
    (
        "one pod",
        "private-scaled",
        {"profile": None, "replicas": None, "stores": None},
        ["kotaemon:stores.database: left", "sessions: is on kotaemon:stores.database", "vectors: is on"],
    ),
    (
        "another subnet comes first",
        "aws-scaled",
        {"aws.subnets": {"eu-central-1b": "subnet-0a1b2c3d4e5f6071b", "eu-central-1c": "subnet-0a1b2c3d4e5f6071c"}},
        ["kotaemon:storage.claims.shared: is", "kotaemon:storage.claims.weights: is"],
    ),
]


@pytest.mark.parametrize(("example", "change", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_refused(
    pulumi_run: RunProgram, tmp_path: Path, example: str, change: dict[str, Any], lines: list[str]
) -> None:
    text = refused(changed(tmp_path, example, change), remembered(example), pulumi_run)
    assert text.splitlines()[0] == (
        f"Pulumi.{example}.yaml: refused by the guard, because data would be left behind; nothing was changed:"
    )
    assert [line for line in lines if f"\n  - {line}" not in text] == [], text


@pytest.mark.parametrize(
    "change",
    [
        {"storage.claims.archive": ARCHIVE, "storage.claims.zebra": ARCHIVE, **on("files", FILES)},
        {"storage.claims.files.size": "200Gi"},
        {"protect": False},
    ],
    ids=["claims first and last", "larger", "unprotected"],
)
def test_it_is_no_move(tmp_path: Path, change: dict[str, Any]) -> None:
    collect.make(changed(tmp_path, "dev", change), remembered("dev"))


def test_the_printed_lines_are_accepted_and_only_for_their_change(pulumi_run: RunProgram, tmp_path: Path) -> None:
    roles = on("archive", ["eval"]) | on("files", ["models", "uploads", "logs"])
    change = {"storage.claims.archive": ARCHIVE, **roles}
    text = refused(changed(tmp_path, "dev", change), remembered("dev"), pulumi_run)
    said = yaml.safe_load(text[text.index("    kotaemon:moved:") :])["kotaemon:moved"]
    assert set(said) == {"eval"}
    moved = changed(tmp_path, "dev", {**change, "moved": said})
    plan = collect.make(moved, remembered("dev"))
    assert plan.memory["data"]["eval"]["at"]["claim"] == "kotaemon-archive"
    assert "kotaemon:moved.eval is done" in " ".join(collect.make(moved, plan.memory).warnings)
    further = {**change, "moved": said, "storage.roles.eval.subPath": "elsewhere"}
    assert "eval: is on" in refused(changed(tmp_path, "dev", further), remembered("dev"), pulumi_run)


def test_the_refusal_prints_what_copies_the_data(pulumi_run: RunProgram, tmp_path: Path) -> None:
    roles = on("archive", ["eval", "logs"]) | on("files", ["models", "uploads"])
    text = refused(
        changed(tmp_path, "dev", {"storage.claims.archive": ARCHIVE, **roles}), remembered("dev"), pulumi_run
    )
    assert (
        "    kubectl -n kotaemon get deployment kotaemon -o json | python -m stacks.moving --from kotaemon-files --to "
        "kotaemon-archive logs:logs eval:eval | kubectl create -f -\n"
    ) in text


def test_a_claim_without_a_role_is_released_and_leaves(pulumi_run: RunProgram, tmp_path: Path) -> None:
    more = {"storage.claims.archive": ARCHIVE, **on("files", FILES)}
    before = collect.make(changed(tmp_path, "dev", more)).memory
    gone = changed(tmp_path, "dev", on("files", FILES))
    text = refused(gone, before, pulumi_run)
    assert "with `kotaemon:released: [storage.claims.archive]`" in text

    releasing = collect.make(changed(tmp_path, "dev", {**more, "released": ["storage.claims.archive"]}), before)
    unprotected = {r.name for r in releasing.resources if r.holds_data and not r.protect}
    assert unprotected == {"kotaemon-archive-volume", "kotaemon-archive-claim"}

    last = collect.make(changed(tmp_path, "dev", on("files", FILES)), releasing.memory)
    assert last.warnings[-1] == (
        "kotaemon:storage.claims.archive leaves the stack, and its data stays where it is: path /srv/archive, server "
        "nfs.example.org; PersistentVolumeClaim kotaemon-archive"
    )


def test_a_claim_with_a_role_is_not_released(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"released: storage\.claims\.disk holds indexes, sessions; move them"):
        changed(tmp_path, "dev", {"released": ["storage.claims.disk"]})


def with_ids(example: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """What a run of the example remembers, with the real ids of these sections."""
    before = remembered(example)
    for known in (*before["known"].values(), *(data["at"] for data in before["data"].values())):
        known["id"] = ids.get(known["key"], "")
    return before


FS, OTHER = "fs-0a1b2c3d4e5f60718", "fs-1111111111111111"
SHARED: dict[str, Any] = {"storage.claims.shared": {"kind": "efs", "existing": FS}, **on("shared", FILES)}


def test_the_same_id_is_the_same_storage_whatever_the_claim_is_called(tmp_path: Path) -> None:
    before = with_ids("aws-single", {"storage.claims.files": FS})
    plan = collect.make(changed(tmp_path, "aws-single", SHARED), before)
    assert plan.memory["data"]["uploads"]["at"]["id"] == FS
    assert plan.memory["data"]["uploads"]["at"]["claim"] == "kotaemon-shared"


def test_another_id_is_other_storage_under_another_name_and_under_the_same(
    pulumi_run: RunProgram, tmp_path: Path
) -> None:
    before = with_ids("aws-single", {"storage.claims.files": OTHER})
    text = refused(changed(tmp_path, "aws-single", SHARED), before, pulumi_run)
    assert (
        f"uploads: is on kotaemon:storage.claims.files (kind efs, name files, region eu-central-1, zone all, id {OTHER}"
        in text
    )
    text = refused(changed(tmp_path, "aws-single", {"storage.claims.files.existing": FS}), before, pulumi_run)
    assert "kotaemon:storage.claims.files: is kind efs" in text
    assert f"id {OTHER}, and would be kind efs, name files, region eu-central-1, zone all, id {FS}" in text


@pytest.mark.parametrize(
    ("said", "other"),
    [("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", True), ("db-ZYXWVUTSRQPONMLKJIHGFEDCBA", False), ("kotaemon", False)],
    ids=["another id", "the same id", "an identifier"],
)
def test_an_instance_of_rds_is_known_by_its_id(pulumi_run: RunProgram, tmp_path: Path, said: str, other: bool) -> None:
    before = with_ids("aws-scaled", {"aws.database": "db-ZYXWVUTSRQPONMLKJIHGFEDCBA"})
    file = changed(tmp_path, "aws-scaled", {"aws.database.existing": said})
    if other:
        assert "sessions: is on kotaemon:aws.database" in refused(file, before, pulumi_run)
    else:
        collect.make(file, before)


@pytest.mark.parametrize(
    ("example", "section", "expected"),
    [
        ("aws-scaled", "aws.database", "kotaemon-database-instance-id"),
        ("private-scaled", "stores.database", "pvc-uid of kotaemon-database-disk-claim"),
        ("private-scaled", "stores.vectorStore", "pvc-uid of kotaemon-vectors-disk-claim"),
        ("dev", "storage.claims.disk", "pvc-uid of kotaemon-disk-claim"),
        ("aws-single", "storage.claims.disk", "pvc-uid of kotaemon-disk-claim"),
        ("aws-single", "storage.claims.files", "kotaemon-files-files-id"),
        ("aws-scaled", "storage.claims.weights", "kotaemon-weights-files-id"),
        ("aws-scaled", "storage.claims.shared", "kotaemon-shared-files-id"),
        ("alicloud-single", "storage.claims.files", "kotaemon-files-file-system-id"),
        ("dev", "storage.claims.files", ""),
    ],
)
def test_the_real_ids_are_remembered(pulumi_run: RunProgram, example: str, section: str, expected: str) -> None:
    class Made(Echo):
        def new_resource(self, args: Any) -> Any:
            id_, outputs = super().new_resource(args)
            if args.typ == "kubernetes:core/v1:PersistentVolumeClaim":
                outputs["metadata"] = {**outputs["metadata"], "uid": f"uid of {args.name}"}
            return id_, outputs

    file = stack_file.read(example)
    preview = "alicloud" in example  # its credentials are looked up
    told = (
        pulumi_run(
            file.program, Made(), stack=example, preview=preview, config=file.config, secret_keys=file.secret_keys
        )
        .outputs["memory"]
        .value
    )
    assert told["known"][section]["id"] == expected
    held = [data["at"]["id"] for data in told["data"].values() if data["at"]["key"] == section]
    assert set(held) == {expected}
