"""Stack files of platform aws: what is refused, in the words of the API, with the key to change."""

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml

from plan.stack_file import ROOT
from stacks.settings import load
from stacks.settings.settings import Settings

FILE = "Pulumi.aws-test.yaml"
ROLES = {
    **{role: {"claim": "disk"} for role in ("indexes", "sessions")},
    **{role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")},
}
"""The claim of every role of the single-writer example."""
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def example(name: str) -> dict[str, Any]:
    """Values of an example stack file, without the project's prefix."""
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    return {key.removeprefix("kotaemon:"): value for key, value in config.items()}


def settings(values: dict[str, Any]) -> Settings:
    given = {f"kotaemon:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    return load.load(given, set(), FILE)


def errors(values: dict[str, Any]) -> list[str]:
    with pytest.raises(load.SettingsError) as error:
        settings(values)
    return error.value.errors


def single(**section: Any) -> dict[str, Any]:
    """The single-writer example with changes in its section; None removes a key."""
    values = deepcopy(example("aws-single"))
    values["aws"] |= section
    values["aws"] = {key: value for key, value in values["aws"].items() if value is not None}
    return values


def with_claim(**claim: Any) -> dict[str, Any]:
    """The single-writer example with one more claim."""
    values = single()
    values["storage"]["claims"]["extra"] = claim
    values["storage"]["roles"] = dict(ROLES)
    return values


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_the_examples_are_valid(name):
    assert settings(example(name)).aws.region == "eu-central-1"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"keyArn": "alias/mine"},
            "keyArn 'alias/mine' is an alias; the EBS driver needs the full ARN of the key (aws-ebs-csi-driver docs/parameters.md)",
        ),
        (
            {"keyArn": KEY.replace("eu-central-1", "us-east-1")},
            f"keyArn {KEY.replace('eu-central-1', 'us-east-1')!r} is a key of region us-east-1; storage in eu-central-1 can only use keys of eu-central-1",
        ),
        (
            {"subnets": {"us-east-1a": "subnet-0a1b2c3d4e5f6071a"}},
            "zone 'us-east-1a' is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"zones": ["eu-central-1a"]},
            "zones: eu-central-1a, but subnets has eu-central-1a, eu-central-1b, eu-central-1c; leave zones out",
        ),
        (
            {"autoMode": True, "clusterRole": "arn:aws:iam::111122223333:role/cluster"},
            "drivers.ebs is not allowed with autoMode, which has an EBS driver of its own; leave it out",
        ),
        (
            {"autoMode": True, "drivers": None},
            "clusterRole: missing; give it, or the name of the cluster to find it through",
        ),
        (
            {"autoModeTags": True},
            "autoModeTags is about the disks of EKS Auto Mode, and autoMode is false; leave it out",
        ),
        (
            {"subnets": None},
            "subnets: missing; give them, or the name of the cluster to find them through",
        ),
        (
            {"drivers": {"ebs": {"mode": "install"}}},
            "cluster: missing; drivers.ebs.mode install needs it",
        ),
        (
            {"drivers": None},
            "drivers.ebs.role: missing; give the IAM role of the existing driver, for the policy of the stack's key",
        ),
        ({"tags": {"aws:x": "1"}}, "tag 'aws:x': keys that begin with aws: belong to AWS"),
    ],
)
def test_section(section, message):
    separator = "." if message.startswith("drivers.ebs.role: missing") else ": "
    assert errors(single(**section)) == [f"kotaemon:aws{separator}{message}"]


def test_the_section_is_needed():
    values = single()
    del values["aws"]
    (error,) = errors(values)
    assert error.startswith("kotaemon:aws: ")
    assert error.endswith("platform aws needs this section")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"kind": "ebs", "size": "20Gi", "iops": 16000},
            "storage.claims.extra: iops 16000: gp3 gives at most 500 IOPS for each GiB, 10000 at 20 GiB",
        ),
        (
            {"kind": "ebs", "size": "20Gi", "volumeType": "io2"},
            "storage.claims.extra: iops: missing; io2 disks have provisioned IOPS only",
        ),
        (
            {"kind": "ebs", "snapshot": "snap-1"},
            "storage.claims.extra: snapshot needs zone: the driver starts from a snapshot only through a VolumeSnapshot",
        ),
        (
            {"kind": "lustre", "size": "1300Gi"},
            "storage.claims.extra: size 1300 GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; the next one is 2400Gi",
        ),
        (
            {"kind": "lustre", "throughput": 300},
            "storage.claims.extra: throughput 300 MB/s per TiB: PERSISTENT_2 has 125, 250, 500, 1000",
        ),
        (
            {"kind": "openzfs", "throughput": 300},
            "storage.claims.extra: throughput 300 MB/s: MULTI_AZ_1 has 160, 320, 640, 1280, 2560, 3840, 5120, 7680, 10240",
        ),
        (
            {"kind": "openzfs", "zones": ["eu-central-1a"]},
            "storage.claims.extra: zones eu-central-1a: MULTI_AZ_1 is in exactly two zones, the preferred one first and the standby second",
        ),
    ],
)
def test_claims(claim, message):
    assert errors(with_claim(**claim)) == [f"kotaemon:{message}"]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"kind": "efs", "oneZone": "us-east-1a"},
            "storage.claims.extra.oneZone: 'us-east-1a' is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"kind": "ebs", "zone": "eu-central-1d"},
            "storage.claims.extra.zone: 'eu-central-1d' is not one of the stack's zones eu-central-1a, eu-central-1b, eu-central-1c",
        ),
        (
            {"kind": "openzfs", "zones": ["eu-central-1a", "eu-central-1d"]},
            "storage.claims.extra.zones: 'eu-central-1d' is not one of the stack's zones eu-central-1a, eu-central-1b, eu-central-1c",
        ),
    ],
)
def test_zones_of_claims(claim, message):
    assert errors(with_claim(**claim)) == [f"kotaemon:{message}"]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"kind": "efs", "provisioning": "dynamic", "oneZone": "eu-central-1a"},
            "storage.claims.extra: oneZone belongs to provisioning static: the driver's volume does not keep pods in the zone; leave oneZone out, or set provisioning to static",
        ),
        (
            {"kind": "efs", "provisioning": "later"},
            "storage.claims.extra.provisioning: 'later' is not allowed; allowed: static, dynamic",
        ),
        (
            {"kind": "lustre", "provisioning": "dynamic"},
            "storage.claims.extra: provisioning 'dynamic' is not allowed; only static: the root of a new file system belongs to root, and nothing that may run beside the application can change that; leave provisioning out",
        ),
        (
            {"kind": "openzfs", "provisioning": "dynamic"},
            "storage.claims.extra.provisioning: unknown key; known here: existing, kind, size, deployment, throughput, iops, zones, endpointRange, squash, backupDays, mountOptions, driver",
        ),
    ],
)
def test_provisioning(claim, message):
    assert errors(with_claim(**claim)) == [f"kotaemon:{message}"]


@pytest.mark.parametrize(("kind", "size"), [("efs", "100Gi"), ("lustre", "1200Gi")])
def test_static_is_the_default_and_may_be_said(kind, size):
    said, left_out = with_claim(kind=kind, provisioning="static"), with_claim(kind=kind)
    for values in (said, left_out):
        values["aws"]["nodeGroupRules"] = False
    given = settings(said).storage.claims["extra"]
    assert given == settings(left_out).storage.claims["extra"]
    assert (given.provisioning, given.size) == ("static", size)


def test_efs_one_zone_takes_one_zone_only():
    assert errors(with_claim(kind="efs", oneZone=["eu-central-1a", "eu-central-1b"])) == [
        "kotaemon:storage.claims.extra.oneZone: ['eu-central-1a', 'eu-central-1b'] is not allowed: input should be a valid string"
    ]


def test_lustre_in_china():
    values = single(
        region="cn-north-1",
        subnets={"cn-north-1a": "subnet-0a1b2c3d4e5f6071a"},
        drivers={"ebs": {"role": "arn:aws-cn:iam::111122223333:role/ebs"}},
        nodeGroupRules=False,
    )
    values["storage"]["claims"]["weights"] = {"kind": "lustre"}
    values["storage"]["roles"] = {"models": {"claim": "weights"}}
    assert errors(values) == [
        "kotaemon:storage.claims.weights.kind: region cn-north-1: this Lustre file system needs server version 2.15, which China regions do not have"
    ]


def test_two_zones_need_two_subnets():
    values = single(subnets={"eu-central-1a": "subnet-0a1b2c3d4e5f6071a"})
    values["storage"]["claims"]["files"] = {"kind": "openzfs"}
    assert errors(values) == [
        "kotaemon:storage.claims.files.kind: needs 2 of the stack's zones, and it has 1; give subnets, or zones to find the subnets through the cluster"
    ]


def test_a_file_claim_needs_the_network():
    assert errors(single(vpc=None)) == [
        "kotaemon:storage.claims.files.kind: needs vpc, subnets and securityGroups, or cluster to find them through"
    ]


def test_everything_may_be_left_to_be_found():
    values = single(
        cluster="prod",
        account=None,
        vpc=None,
        subnets=None,
        securityGroups=None,
        networks=None,
        zones=["eu-central-1a"],
    )
    assert settings(values).aws.known_zones == ["eu-central-1a"]


def test_stores_belong_to_the_scaled_profile():
    values = example("aws-scaled") | {"profile": "single-writer", "replicas": 1}
    values["storage"]["roles"] = {role: {"claim": "shared"} for role in ROLES}
    assert errors(values) == [
        "kotaemon:aws.database: only the profile scaled uses a database, and this stack has profile single-writer; leave it out",
        "kotaemon:stores: only the profile scaled has stores, single-writer keeps its state in files; leave it out, or use profile: scaled",
    ]


def test_kinds_of_other_platforms():
    assert errors(with_claim(kind="essd")) == [
        "kotaemon:storage: claims.extra: kind essd is for platform alicloud, not aws"
    ]


def test_auto_mode():
    values = single(
        autoMode=True,
        clusterRole="arn:aws:iam::111122223333:role/cluster",
        drivers=None,
    )
    assert settings(values).aws.auto_mode is True
    values["storage"]["claims"]["disk"]["zone"] = "eu-central-1a"
    assert errors(values) == [
        "kotaemon:storage.claims.disk.zone: EKS Auto Mode's driver takes no disks that were made elsewhere; leave zone out"
    ]


NFS = {"kind": "nfs", "server": "nfs.example.com", "path": "/srv"}
NO_MOUNT_NFS = (
    "driver: in-tree NFS is mounted by mount.nfs of the node, which Bottlerocket and so every node of EKS Auto Mode lacks "
    "(bottlerocket-os/bottlerocket#4022); install csi-driver-nfs and write driver: csi"
)
NOT_4_2 = (
    "mountOptions: 'vers=4.2' is not allowed: on Bottlerocket csi-driver-nfs mounts vers=4.1 "
    "(kubernetes-csi/csi-driver-nfs#801); leave it out"
)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (NFS, NO_MOUNT_NFS),
        ({"kind": "openzfs"}, NO_MOUNT_NFS),
        ({**NFS, "driver": "csi", "mountOptions": ["vers=4.2"]}, NOT_4_2),
        ({"kind": "openzfs", "driver": "csi", "mountOptions": ["vers=4.2"]}, NOT_4_2),
    ],
)
def test_nfs_on_bottlerocket(claim, message):
    values = single(bottlerocket=True)
    values["storage"]["claims"] = {**values["storage"]["claims"], "extra": claim}
    values["storage"]["roles"] = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}
    assert errors(values) == [f"kotaemon:storage.claims.extra.{message}"]
    values = single()
    values["storage"]["claims"] = {**values["storage"]["claims"], "extra": claim}
    values["storage"]["roles"] = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}
    assert settings(values)


def test_a_server_of_your_own_on_bottlerocket():
    server = {
        "kind": "nfs-server",
        "server": "nfs.example.com",
        "hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0",
        "privateKey": "planted-private-key",
        "clients": ["10.0.0.0/16"],
        "device": "/dev/disk/by-id/virtio-data",
    }
    values = single(bottlerocket=True)
    values["storage"]["claims"] = {**values["storage"]["claims"], "extra": server}
    values["storage"]["roles"] = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}
    assert [line.partition("lacks")[0] for line in errors(values)] == [
        "kotaemon:storage.claims.extra.kind: it is mounted by mount.nfs of the node, which Bottlerocket and so every node "
        "of EKS Auto Mode "
    ]
