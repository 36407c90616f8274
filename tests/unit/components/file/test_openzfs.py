"""OpenZFS: two zones, our key, exports to the nodes only, and the volume of the private platform's NFS."""

import pulumi
import pytest

from components.aws import OpenZfsDeployment
from components.contract import AccessMode, Locks, Medium
from components.file.nfs import DEFAULT_OPTIONS
from components.file.openzfs import OpenZfsStorage, OpenZfsStorageArgs, export_options, openzfs_claim
from plan.recorder import Echo

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = {"eu-central-1b": "subnet-0000000b", "eu-central-1a": "subnet-0000000a"}
FILE_SYSTEM = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"


class Provider(Echo):
    """Gives the file system its name."""

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        if args.typ == FILE_SYSTEM:
            outputs["dnsName"] = "fs-1.fsx.eu-central-1.amazonaws.com"
        return id_, outputs


def arguments(**changes) -> OpenZfsStorageArgs:
    values = {
        "namespace": "kotaemon",
        "key_arn": KEY,
        "region": "eu-central-1",
        "vpc_id": "vpc-00000001",
        "subnets": SUBNETS,
        "client_security_groups": {"nodes": "sg-0000000a"},
        "client_networks": ["10.0.0.0/19", "10.0.32.0/19"],
    }
    return OpenZfsStorageArgs(**{**values, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: OpenZfsStorage("files", arguments(**changes)) and None, resources=Provider())


def test_the_claim_is_known_before_anything_is_made():
    assert openzfs_claim("files", arguments()) == {
        "name": "files",
        "access_mode": AccessMode.RWX,
        "medium": Medium.FILE,
        "backend": "openzfs",
        "size_gib": 128,
        "zones": [],
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.SHARED,
        "fs_group": False,
    }


def test_two_zones_the_preferred_one_first(pulumi_run):
    files = made(pulumi_run, route_tables=["rtb-00000001"], endpoint_range="198.19.255.0/28").one(FILE_SYSTEM)
    root = files.inputs.pop("rootVolumeConfiguration")
    assert files.inputs == {
        "deploymentType": "MULTI_AZ_1",
        "storageType": "SSD",
        "storageCapacity": 128,
        "throughputCapacity": 160,
        "kmsKeyId": KEY,
        "subnetIds": ["subnet-0000000b", "subnet-0000000a"],
        "preferredSubnetId": "subnet-0000000b",
        "routeTableIds": ["rtb-00000001"],
        "endpointIpAddressRange": "198.19.255.0/28",
        "securityGroupIds": ["files-group-id"],
        "automaticBackupRetentionDays": 7,
        "copyTagsToBackups": True,
        "copyTagsToVolumes": True,
        "skipFinalBackup": False,
        "tags": {"Name": "kotaemon"},
    }
    assert (root["dataCompressionType"], root["recordSizeKib"]) == ("LZ4", 128)
    assert root["nfsExports"]["clientConfigurations"] == [
        {"clients": "10.0.0.0/19", "options": ["rw", "crossmnt", "sync", "no_root_squash"]},
        {"clients": "10.0.32.0/19", "options": ["rw", "crossmnt", "sync", "no_root_squash"]},
    ]
    assert (files.protect, files.retain_on_delete) == (True, True)


def test_what_the_kept_one_is_in_is_kept_too(pulumi_run):
    """AWS refuses to delete a group that is in use."""
    used = [r for r in made(pulumi_run).registrations if r.type.startswith("aws:")]
    assert "aws:ec2/securityGroup:SecurityGroup" in {r.type for r in used}
    kept = [r for r in used if "Rule" not in r.type]
    assert {r.retain_on_delete for r in kept} == {True}


def test_its_rules_stay_as_long_as_it_does(pulumi_run):
    """Made before it, so the engine deletes none while it is protected; a rule whose client leaves is deleted."""
    run = made(pulumi_run)
    rules = {r.urn for r in run.registrations if "Rule" in r.type}
    assert rules
    assert rules <= set(run.one(FILE_SYSTEM).depends_on)
    assert not [r for r in run.registrations if r.urn in rules and (r.protect or r.retain_on_delete)]
    forgotten = made(pulumi_run, protect=False)
    assert all(r.retain_on_delete for r in forgotten.registrations if "Rule" in r.type)


def test_one_zone_has_no_standby(pulumi_run):
    run = made(
        pulumi_run,
        deployment=OpenZfsDeployment.SINGLE_AZ_HA_2,
        subnets={"eu-central-1a": "subnet-0000000a"},
        throughput=320,
        iops=1000,
    )
    inputs = run.one(FILE_SYSTEM).inputs
    assert "preferredSubnetId" not in inputs
    assert inputs["throughputCapacity"] == 320
    assert inputs["diskIopsConfiguration"] == {"mode": "USER_PROVISIONED", "iops": 1000}


@pytest.mark.parametrize(
    ("deployment", "throughput"),
    [(kind, 64 if kind.value.endswith(("SINGLE_AZ_1", "HA_1")) else 160) for kind in OpenZfsDeployment],
)
def test_the_default_throughput_is_the_smallest_there_is(pulumi_run, deployment, throughput):
    subnets = SUBNETS if deployment == OpenZfsDeployment.MULTI_AZ_1 else {"eu-central-1a": "subnet-0000000a"}
    files = made(pulumi_run, deployment=deployment, subnets=subnets).one(FILE_SYSTEM)
    assert files.inputs["throughputCapacity"] == throughput


def test_squashed_to_the_application():
    assert export_options(arguments(squash=True, uid=2000, gid=3000)) == [
        "rw",
        "crossmnt",
        "sync",
        "all_squash",
        "anonuid=2000",
        "anongid=3000",
    ]


def test_rules_are_there_before_the_file_system(pulumi_run):
    run = made(pulumi_run)
    waits = {urn.rsplit("::", 1)[1] for urn in run.one(FILE_SYSTEM).depends_on}
    assert {"files-from-nodes-2049", "files-from-itself-2049", "files-to-itself-2049"} <= waits


def test_the_volume_has_the_shape_of_every_nfs_volume(pulumi_run):
    run = made(pulumi_run)
    spec = run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]
    assert spec["nfs"] == {"server": "fs-1.fsx.eu-central-1.amazonaws.com", "path": "/fsx"}
    assert spec["mountOptions"] == list(DEFAULT_OPTIONS)
    assert spec["claimRef"] == {"namespace": "kotaemon", "name": "files"}
    assert "nodeAffinity" not in spec
    claim = run.one("kubernetes:core/v1:PersistentVolumeClaim")
    assert [parent.type for parent in run.parents(claim)] == [
        "kotaemon:index:NfsStorage",
        "kotaemon:index:OpenZfsStorage",
    ]


def test_what_prepares_the_folders_gets_the_same_export(pulumi_run):
    run = pulumi_run(lambda: {"server": OpenZfsStorage("files", arguments()).export["server"]}, resources=Provider())
    assert run.outputs["server"].value == "fs-1.fsx.eu-central-1.amazonaws.com"


def test_the_address_is_known_only_after_the_creation(pulumi_run):
    run = pulumi_run(lambda: OpenZfsStorage("files", arguments()) and None, preview=True)
    assert run.one("kubernetes:core/v1:PersistentVolume").unknowns == frozenset({"spec"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"throughput": 300},
            "OpenZfsStorage 'files': throughput 300 MB/s: MULTI_AZ_1 has 160, 320, 640, 1280, 2560, 3840, 5120, 7680, 10240",
        ),
        ({"size": "32Gi"}, "OpenZfsStorage 'files': size 32 GiB: FSx for OpenZFS has 64 to 524288 GiB"),
        (
            {"subnets": {"eu-central-1a": "subnet-1"}},
            "OpenZfsStorage 'files': zones eu-central-1a: MULTI_AZ_1 is in exactly two zones, the preferred one first and the standby second",
        ),
        (
            {"client_networks": []},
            "OpenZfsStorage 'files': client_networks: none; FSx would export to everybody (API OpenZFSClientConfiguration, Clients)",
        ),
        (
            {"client_networks": ["10.0.0.0/28"] * 26},
            "OpenZfsStorage 'files': client_networks: 26; an export has at most 25",
        ),
        (
            {"backup_days": 0},
            "OpenZfsStorage 'files': backup_days: 0: FSx keeps daily backups for 1 to 90 days; 0 would switch them off",
        ),
        (
            {"mount_options": ["soft"]},
            "OpenZfsStorage 'files': mount_options: 'soft' is not allowed: a soft mount reports success for writes that it has lost (nfs(5)); use hard",
        ),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        openzfs_claim("files", arguments(**change))
    assert str(error.value) == message
