"""A disk that exists before its claim."""

import pulumi
import pytest

from components.block.ebs_volume import EbsVolume, EbsVolumeArgs, ebs_volume_claim

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def arguments(**changes) -> EbsVolumeArgs:
    values = {"namespace": "kotaemon", "key_arn": KEY, "region": "eu-central-1", "zone": "eu-central-1b"}
    return EbsVolumeArgs(**{**values, **changes})


def test_the_disk_is_encrypted_tagged_for_the_driver_and_kept(pulumi_run):
    run = pulumi_run(lambda: EbsVolume("disk", arguments(tags={"team": "search"})) and None)
    disk = run.one("aws:ebs/volume:Volume")
    assert disk.inputs == {
        "availabilityZone": "eu-central-1b",
        "size": 20,
        "type": "gp3",
        "encrypted": True,
        "kmsKeyId": KEY,
        "finalSnapshot": True,
        "tags": {"team": "search", "ebs.csi.aws.com/cluster": "true"},
    }
    assert (disk.protect, disk.retain_on_delete) == (True, True)


def test_the_volume_is_tied_to_its_zone_and_its_claim(pulumi_run):
    run = pulumi_run(lambda: EbsVolume("disk", arguments(snapshot_id="snap-1")) and None)
    volume = run.one("kubernetes:core/v1:PersistentVolume")
    assert volume.inputs["metadata"] == {"name": "kotaemon.disk"}
    assert volume.inputs["spec"] == {
        "capacity": {"storage": "20Gi"},
        "accessModes": ["ReadWriteOncePod"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "disk"},
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-central-1b"]}
                        ]
                    }
                ]
            }
        },
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "disk-disk-id", "fsType": "ext4"},
    }
    claim = run.one("kubernetes:core/v1:PersistentVolumeClaim")
    assert claim.inputs["spec"]["volumeName"] == "kotaemon.disk"
    assert claim.inputs["spec"]["storageClassName"] == ""
    assert (volume.protect, volume.retain_on_delete, claim.protect, claim.retain_on_delete) == (True,) * 4
    assert run.one("aws:ebs/volume:Volume").inputs["snapshotId"] == "snap-1"


def test_the_claim_names_its_zone():
    assert ebs_volume_claim("disk", arguments())["zones"] == ["eu-central-1b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"zone": "us-east-1a"},
            "EbsVolume 'disk': zone 'us-east-1a': is not an availability zone of region eu-central-1; they are called "
            "eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"throughput": 1000},
            "EbsVolume 'disk': throughput 1000 MiB/s: gp3 gives at most 0.25 MiB/s for each of its IOPS, so it needs iops 4000 or more",
        ),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        ebs_volume_claim("disk", arguments(**change))
    assert str(error.value) == message
