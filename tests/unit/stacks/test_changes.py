"""Two states of a stack file, compared: what each change does, and that nothing is said where nothing changes."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from plan import collect, stack_file
from stacks import changes
from stacks.effects import Effect
from stacks.facts import facts
from stacks.planned import Planned
from stacks.program import listening
from tests.unit.plan.plans import STACKS

IN_PLACE, NEW_ONLY, REFUSED = Effect.IN_PLACE, Effect.NEW_ONLY, Effect.LOSES_DATA
Case = tuple[str, str, Any, Effect]

CASES: list[Case] = [
    ("aws-single", "claims.disk.size", "51Gi", IN_PLACE),
    ("aws-single", "claims.disk.size", "49Gi", REFUSED),
    ("aws-single", "claims.disk.iops", 5000, NEW_ONLY),
    ("aws-single", "claims.disk.zone", "eu-central-1a", REFUSED),
    ("aws-single", "claims.disk.accessMode", "ReadWriteOnce", REFUSED),
    ("aws-single", "claims.disk.attributesClass", True, IN_PLACE),
    ("aws-single", "claims.disk.kind", "essd", REFUSED),
    ("aws-single", "claims.files.oneZone", "eu-central-1a", REFUSED),
    ("aws-single", "claims.files.size", "1Gi", IN_PLACE),
    ("aws-single", "claims.files.provisioning", "dynamic", REFUSED),
    ("aws-single", "section.region", "eu-west-1", REFUSED),
    ("aws-single", "section.keyArn", "arn:aws:kms:eu-central-1:1:key/x", REFUSED),
    ("aws-single", "settings.namespace", "other", REFUSED),
    ("aws-single", "settings.uid", 1002, REFUSED),
    ("aws-single", "settings.profile", "scaled", REFUSED),
    ("aws-single", "settings.protect", False, IN_PLACE),
    ("aws-single", "settings.cluster.context", "other", REFUSED),
    ("aws-single", "settings.cluster.kubeconfig", "elsewhere.yaml", IN_PLACE),
    ("aws-single", "roles.indexes.subPath", "other", REFUSED),
    ("aws-single", "roles.indexes.claim", "files", REFUSED),
    ("aws-single", "roles.models.readOnly", True, IN_PLACE),
    ("aws-scaled", "claims.shared.deployment", "SINGLE_AZ_HA_2", REFUSED),
    ("aws-scaled", "claims.shared.zones", ["eu-central-1b", "eu-central-1a"], REFUSED),
    ("aws-scaled", "claims.weights.metadataIops", 3000, IN_PLACE),
    ("aws-scaled", "stores.database.identifier", "other", REFUSED),
    ("aws-scaled", "stores.database.version", "18", REFUSED),
    ("aws-scaled", "stores.database.instanceClass", "db.t4g.medium", IN_PLACE),
    ("aws-scaled", "stores.vectors.url", "http://other:6333", REFUSED),
    ("aws-scaled", "stores.vectors.secretName", "other", IN_PLACE),
    ("aws-scaled", "stores.vectors.kind", "milvus", REFUSED),
    ("alicloud-single", "claims.disk.types", ["cloud_essd"], NEW_ONLY),
    ("alicloud-single", "claims.files.storageType", "Capacity", REFUSED),
    ("alicloud-single", "claims.files.backupDays", 7, IN_PLACE),
    ("alicloud-single", "claims.files.backupDays", 0, REFUSED),
    ("alicloud-scaled", "stores.database.version", "17.0", REFUSED),
    ("alicloud-scaled", "stores.database.zones", ["cn-hangzhou-k", "cn-hangzhou-h"], REFUSED),
    ("private-scaled", "claims.files.server", "other", REFUSED),
    ("private-scaled", "claims.files.mountOptions", ["nconnect=4"], IN_PLACE),
    ("private-scaled", "stores.database.image", "docker.io/library/postgres:18.7-trixie", IN_PLACE),
    ("private-scaled", "stores.database.image", "docker.io/library/postgres:19.0-trixie", REFUSED),
    ("private-scaled", "stores.vectors.image", "docker.io/qdrant/qdrant:v1.17.0-unprivileged", REFUSED),
    ("dev", "claims.disk.storageClass", "other", REFUSED),
]


@cache
def known(name: str) -> dict[str, Any]:
    """The facts of an example stack."""
    stacks: list[Planned] = []
    with listening(stacks.append):
        collect.preview(stack_file.read(name))
    return facts(stacks[0])


def changed(name: str, change: Callable[[Any], object]) -> list[changes.Changed]:
    after = copy.deepcopy(known(name))
    change(after)
    return changes.between(known(name), after)


def put(path: str, value: Any) -> Callable[[Any], None]:
    *folders, last = path.split(".")

    def into(place: Any) -> None:
        for folder in folders:
            place = place[folder]
        assert last in place
        place[last] = value

    return into


@pytest.mark.parametrize("name", STACKS)
def test_nothing_changes_between_a_stack_file_and_itself(name: str) -> None:
    assert changes.between(known(name), copy.deepcopy(known(name))) == []


@pytest.mark.parametrize(("name", "path", "value", "effect"), CASES, ids=[f"{n}-{p}-{v}" for n, p, v, _ in CASES])
def test_a_change_does_what_its_row_says(name: str, path: str, value: Any, effect: Effect) -> None:
    found = changed(name, put(path, value))
    assert {change.row.effect for change in found} == {effect}
    assert all(path.rpartition(".")[2] in change.line or "cluster" in change.line for change in found)


def test_tags_reach_what_the_stack_makes_and_not_the_disk_of_a_class() -> None:
    found = {change.at.about: change for change in changed("aws-single", put("section.tags", {"team": "other"}))}
    assert {about: change.row.effect for about, change in found.items()} == {"": IN_PLACE, "disk": NEW_ONLY}
    assert found["disk"].line == (
        "kotaemon:aws.tags (claim disk): team: search -> team: other, new, old stays: the disk keeps its tags"
    )


def test_a_zone_more_is_no_refusal_and_another_subnet_is_one() -> None:
    more = changed("aws-single", lambda now: now["section"]["subnets"].update({"eu-central-1d": "subnet-0"}))
    assert changes.refused(more) == []
    assert {change.at.about for change in more if change.row.effect == NEW_ONLY} == {"disk", "files"}
    other = changed("aws-single", lambda now: now["section"]["subnets"].update({"eu-central-1a": "subnet-0"}))
    assert [change.at.about for change in other if change.refused] == ["files"]


@pytest.mark.parametrize(
    ("zone", "refused"), [("a", ["shared", "weights"]), ("b", ["shared"]), ("c", [])], ids=["both", "one", "neither"]
)
def test_the_subnets_of_a_file_system_stay_and_those_of_no_file_system_may_leave(zone: str, refused: list[str]) -> None:
    """OpenZFS is in the first two zones of the stack, Lustre in the first."""
    before = copy.deepcopy(known("aws-scaled"))
    before["section"]["subnets"] = {f"eu-central-1{name}": f"subnet-0{name}" for name in "abc"}
    after = copy.deepcopy(before)
    del after["section"]["subnets"][f"eu-central-1{zone}"]
    found = [change for change in changes.between(before, after) if change.at.about]
    assert [change.at.about for change in found if change.refused] == refused


def test_a_major_version_goes_when_the_stack_file_names_the_one_that_runs() -> None:
    def upgrade(to: str, since: str) -> list[str]:
        both = {"version": to, "majorUpgradeFrom": since}
        return changes.refused(changed("aws-scaled", lambda now: now["stores"]["database"].update(both)))

    assert upgrade("18", "17") == []
    assert len(upgrade("18", "16")) == len(upgrade("16", "17")) == 1


def test_a_disk_with_an_attributes_class_changes_in_place() -> None:
    both = {"attributesClass": True, "iops": 5000}
    found = changed("aws-single", lambda now: now["claims"]["disk"].update(both))
    assert {change.row.effect for change in found} == {IN_PLACE}


def test_a_change_that_a_move_of_the_data_makes_possible_is_no_final_refusal() -> None:
    server = changed("private-scaled", put("claims.files.server", "other"))
    shrink = changed("private-scaled", put("stores.database.size", "1Gi"))
    assert (changes.refused(server), len(changes.refused(shrink))) == ([], 1)


def test_a_claim_that_is_new_or_gone_has_no_line() -> None:
    assert changed("aws-single", lambda now: now["claims"].pop("disk")) == []


def test_facts_hold_no_secret() -> None:
    assert "secret" not in str(known("aws-scaled")["settings"]).lower()
    assert "apiKey" not in known("aws-scaled")["stores"]["vectors"] or (
        known("aws-scaled")["stores"]["vectors"]["apiKey"] is None
    )


def spare(name: str, kind: str, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An example with a claim that no role is on, before and after a change of its fields."""
    before = copy.deepcopy(known(name))
    claims = before["claims"]
    first = next((claim for claim in claims.values() if claim["kind"] == kind), None)
    assert first is not None
    claims["spare"] = copy.deepcopy(first)
    after = copy.deepcopy(before)
    after["claims"]["spare"].update(fields)
    return before, after


LATE: list[tuple[str, str, dict[str, Any]]] = [
    ("dev", "storage-class", {"size": "900Gi"}),
    ("aws-single", "ebs", {"size": "900Gi"}),
    ("aws-single", "ebs", {"attributesClass": True}),
    ("alicloud-single", "essd", {"size": "900Gi"}),
]


@pytest.mark.parametrize(("name", "kind", "fields"), LATE, ids=[f"{k}-{'-'.join(f)}" for _, k, f in LATE])
def test_a_claim_that_no_pod_has_mounted_takes_no_change_of_its_request(
    name: str, kind: str, fields: dict[str, Any]
) -> None:
    before, after = spare(name, kind, **fields)
    [unknown] = changes.between(before, after)
    assert (unknown.row.effect, "only when a pod has mounted the claim once" in unknown.line) == (IN_PLACE, True)
    [bound] = changes.between(before, after, {"spare": True})
    assert (bound.row.effect, "pod has mounted" in bound.line) == (IN_PLACE, False)
    [line] = changes.refused(changes.between(before, after, {"spare": False}))
    assert "refused: the claim has no volume yet" in line
    assert "give the claim a role" in line


def test_a_claim_with_a_role_has_its_volume_and_a_static_one_as_well() -> None:
    [used] = changed("aws-single", put("claims.disk.size", "900Gi"))
    assert "mounted" not in used.line
    before, after = spare("aws-single", "ebs", size="900Gi", zone="eu-central-1a")
    before["claims"]["spare"]["zone"] = "eu-central-1a"
    [static] = changes.between(before, after)
    assert (static.row.effect, "mounted" in static.line) == (IN_PLACE, False)
    [words] = changes.between(*spare("dev", "storage-class", encryptedBy="LUKS"), {"spare": False})
    assert words.row.effect == IN_PLACE, "nothing of it is sent to the API server"
