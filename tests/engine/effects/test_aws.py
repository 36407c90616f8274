"""What changes on AWS do to a stack that lives, on the real engine: each field of the section and of the kinds once.

The clouds are stand-ins with upstream's ForceNew; classes, volumes and claims are real. The tests follow each other.
"""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi import automation as auto

from components.contract import Platform
from devcluster.cluster import Cluster
from tests.engine.effects.living import Living, brought_up

REGION = "eu-central-1"
SETTINGS: dict[str, Any] = {
    "platform": "aws",
    "cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"},
    "aws": {
        "region": REGION,
        "account": "111122223333",
        "vpc": "vpc-0a1b2c3d4e5f60718",
        "subnets": {f"{REGION}{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "ab"},
        "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718"},
        "nodeGroupRules": True,
        "networks": ["10.0.0.0/16"],
        "routeTables": ["rtb-0a1b2c3d4e5f60718"],
        "keyArn": f"arn:aws:kms:{REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "drivers": {"ebs": {"role": "arn:aws:iam::111122223333:role/ebs-csi-driver"}},
        "tags": {"team": "search"},
    },
    "storage": {
        "claims": {
            "disk": {"kind": "ebs", "size": "50Gi"},
            "zoned": {"kind": "ebs", "size": "50Gi", "zone": f"{REGION}a"},
            "files": {"kind": "efs"},
            "driven": {"kind": "efs", "provisioning": "dynamic"},
            "shared": {"kind": "openzfs", "size": "128Gi", "throughput": 160},
            "weights": {"kind": "lustre"},
        },
        "roles": {role: {"claim": "disk"} for role in ("indexes", "sessions")}
        | {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")},
    },
}
NEW_ONLY = {
    "aws.tags.cost": "4711",
    "aws.subnets.eu-central-1c": "subnet-0a1b2c3d4e5f6071c",
    "aws.keyArn": f"arn:aws:kms:{REGION}:111122223333:key/5678abcd-12ab-34cd-56ef-1234567890ab",
    "storage.claims.disk.volumeType": "io2",
    "storage.claims.disk.iops": 5000,
    "storage.claims.disk.fileSystem": "xfs",
}
CLASSES_AND_VOLUMES = ("StorageClass", "PersistentVolume", "PersistentVolumeClaim")
IN_PLACE = {
    "storage.claims.disk.size": "60Gi",
    "storage.claims.disk.snapshotClass": False,
    "storage.claims.zoned.size": "60Gi",
    "storage.claims.zoned.volumeType": "io2",
    "storage.claims.zoned.iops": 1000,
    "storage.claims.files.size": "200Gi",
    "storage.claims.files.backup": False,
    "storage.claims.shared.size": "256Gi",
    "storage.claims.shared.throughput": 320,
    "storage.claims.shared.iops": 2000,
    "storage.claims.shared.squash": True,
    "storage.claims.shared.backupDays": 9,
    "storage.claims.shared.mountOptions": ["nconnect=4"],
    "storage.claims.weights.size": "2400Gi",
    "storage.claims.weights.throughput": 250,
    "storage.claims.weights.metadataIops": 3000,
    "storage.claims.weights.backupDays": 9,
}


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory, cluster_for: Callable[[Platform], Cluster]) -> Living:
    made = brought_up("effects-aws", SETTINGS, Platform.AWS, tmp_path_factory.mktemp("aws"), cluster_for)
    made.up()
    return made


def test_what_is_only_for_new_claims_leaves_classes_volumes_and_claims_as_they_are(living: Living) -> None:
    before = living.config.read_text()
    living.change(NEW_ONLY)
    planned = living.preview()
    assert {op for op, _, _ in planned} <= {"update", "create"}
    assert not [step for step in planned if step[1].endswith(CLASSES_AND_VOLUMES)]
    assert ("create", "aws:efs/mountTarget:MountTarget", "kotaemon-files-eu-central-1c") in planned
    assert ("update", "aws:efs/fileSystem:FileSystem", "kotaemon-files-files") in planned, "it takes the tags"
    # It is no state that blocks: up goes through, the next one has nothing to do, and the way back is open.
    assert living.up() == planned
    assert living.up() == set()
    living.config.write_text(before)
    # A zone that is there stays: its mount target would go under the pods that mount through it.
    living.change({path: value for path, value in NEW_ONLY.items() if "subnets" in path})
    assert not [step for step in living.up() if step[1].endswith(CLASSES_AND_VOLUMES)]


def test_what_changes_in_place_replaces_and_deletes_nothing_that_holds_data(living: Living) -> None:
    before = living.config.read_text()
    living.change(IN_PLACE)
    planned = living.preview()
    living.config.write_text(before)
    # The Job that makes folders, and its second way to the file system, hold none.
    planned = {step for step in planned if "folders" not in step[2] and "prepar" not in step[2]}
    assert {op for op, _, _ in planned} == {"update"}
    assert {name for _, _, name in planned} >= {
        "kotaemon-disk-claim",
        "kotaemon-zoned-disk",
        "kotaemon-files-backup",
        "kotaemon-shared-files",
        "kotaemon-weights-files",
    }


def test_what_the_living_storage_cannot_take_is_refused_before_anything_is_registered(living: Living) -> None:
    before = living.config.read_text()
    wrong = {"storage.claims.disk.size": "40Gi", "uid": 1002}
    living.change({**wrong, "aws.tags.other": "tag"})
    for run in (living.preview, living.up):
        with pytest.raises(auto.CommandError) as caught:
            run()
        said = str(caught.value)
        assert "what lives cannot take these changes, and nothing was changed" in said
        assert "kotaemon:storage.claims.disk.size: 50Gi -> 40Gi, refused: it cannot shrink" in said
        assert "kotaemon:uid: 1001 -> 1002, refused" in said
    living.config.write_text(before)
    assert living.up() == set(), "reverting is a no-op"


ATTRIBUTES = "kubernetes:storage.k8s.io/v1:VolumeAttributesClass"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def named_by_the_disk(living: Living) -> str:
    """The VolumeAttributesClass that the API server has for the claim of the disk."""
    metadata = {"name": "kotaemon-disk", "namespace": living.name}
    found = living.kube.get({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata})
    assert found
    return found["spec"].get("volumeAttributesClassName", "")


def test_new_performance_reaches_a_living_disk_through_a_volume_attributes_class(living: Living) -> None:
    """What the API server and the provider do with it. The driver itself is not here: it changes the volume after."""
    living.change({"storage.claims.disk.attributesClass": True})
    steps = living.up()
    assert steps == {
        ("create", ATTRIBUTES, "kotaemon-disk-attributes-gp3"),
        ("update", CLAIM, "kotaemon-disk-claim"),
    }
    assert named_by_the_disk(living).endswith(".kotaemon-disk.gp3")
    living.change({"storage.claims.disk.iops": 5000, "storage.claims.disk.throughput": 250})
    assert {step for step in living.up() if step[0] != "delete"} == {
        ("create", ATTRIBUTES, "kotaemon-disk-attributes-gp3-5000-250"),
        ("update", CLAIM, "kotaemon-disk-claim"),
    }
    assert named_by_the_disk(living).endswith(".kotaemon-disk.gp3.5000.250")
    assert living.up() == set()


def test_a_claim_keeps_its_volume_attributes_class(living: Living) -> None:
    before = living.config.read_text()
    living.change({"storage.claims.disk.attributesClass": False})
    with pytest.raises(auto.CommandError, match="attributesClass: true -> false, refused: leave it on"):
        living.up()
    living.config.write_text(before)
    assert living.up() == set(), "reverting is a no-op"
