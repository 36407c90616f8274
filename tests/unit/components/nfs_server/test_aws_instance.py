"""The server on EC2: what is kept and what may be replaced, who may reach it, and what is refused before."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.nfs_server.aws_instance import NfsOnEbs, NfsOnEbsArgs, check
from components.nfs_server.ec2_rules import architecture, device
from plan.recorder import Echo, Run

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NEWEST = "ami-0123456789abcdef0"
DISK, ADDRESS = "aws:ebs/volume:Volume", "aws:ec2/networkInterface:NetworkInterface"
MACHINE, ATTACHED = "aws:ec2/instance:Instance", "aws:ec2/volumeAttachment:VolumeAttachment"
SCHEDULE, ROLE = "aws:dlm/lifecyclePolicy:LifecyclePolicy", "aws:iam/role:Role"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


class Cloud(Echo):
    """Gives the disk an id, the interface its address, and the newest image."""

    asked: list[dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    def new_resource(self, args: Any) -> Any:
        id_, outputs = super().new_resource(args)
        if args.typ == ADDRESS:
            outputs["privateIp"] = (outputs.get("privateIps") or ["10.0.0.77"])[0]
        return ("vol-0a1b2c3d4e5f60718" if args.typ == DISK else id_), outputs

    def call(self, args: Any) -> Any:
        assert args.token == "aws:ec2/getAmi:getAmi"
        self.asked.append(dict(args.args))
        return {"id": NEWEST}, []


def arguments(**changes: Any) -> NfsOnEbsArgs:
    values: dict[str, Any] = {
        "key_arn": KEY,
        "cloud_name": "kotaemon-prod",
        "region": "eu-central-1",
        "zone": "eu-central-1a",
        "vpc_id": "vpc-00000001",
        "subnet": "subnet-0000000a",
        "serving": {"export": {"path": "/srv/nfs/kotaemon", "clients": ["10.0.0.0/16"], "folders": []}},
        "tags": {"team": "search"},
    }
    return NfsOnEbsArgs(**{**values, **changes})


def made(pulumi_run: Callable[..., Run], cloud: Cloud | None = None, **changes: Any) -> Run:
    def program() -> dict[str, Any]:
        server = NfsOnEbs("files", arguments(**changes))
        return {"address": server.address, "disk": server.disk_id}

    return pulumi_run(program, resources=cloud or Cloud())


def test_the_disk_the_address_and_the_snapshots_are_kept_and_the_machine_is_not(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run)
    for kind in (DISK, ADDRESS, GROUP, SCHEDULE, ROLE):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (True, True), kind
    for kind in (MACHINE, ATTACHED):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (False, False), kind
    assert run.outputs["address"].value == "10.0.0.77"


def test_nothing_that_is_kept_is_made_after_the_machine(pulumi_run: Callable[..., Run]) -> None:
    """Or it would keep the machine, and a replaced machine could reach it."""
    run = made(pulumi_run)
    machine = run.one(MACHINE).urn
    for kept in (r for r in run.registrations if r.protect):
        assert machine not in kept.depends_on, kept.name


def test_the_machine_finds_its_disk_by_its_id(pulumi_run: Callable[..., Run]) -> None:
    told = made(pulumi_run).one(MACHINE).inputs["userData"]
    assert "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0a1b2c3d4e5f60718" in told
    assert len(told) < 16_384


def test_the_machine_is_hardened(pulumi_run: Callable[..., Run]) -> None:
    machine = made(pulumi_run).one(MACHINE).inputs
    assert machine["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    assert machine["rootBlockDevice"]["encrypted"] is True
    assert machine["rootBlockDevice"]["kmsKeyId"] == KEY
    assert not {"keyName", "iamInstanceProfile", "associatePublicIpAddress"} & machine.keys()
    assert machine["userDataReplaceOnChange"] is True


def test_nfs_from_the_clients_and_packages_are_all_that_goes(pulumi_run: Callable[..., Run]) -> None:
    clients = ["10.0.0.0/16", "fd12:3456::/32"]
    run = made(pulumi_run, serving={"export": {"path": "/srv/nfs", "clients": clients}})
    into = run.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [(r.inputs.get("cidrIpv4") or r.inputs.get("cidrIpv6")) for r in into] == clients
    assert {(r.inputs["fromPort"], r.inputs["toPort"]) for r in into} == {(2049, 2049)}
    out = run.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert sorted(r.inputs["fromPort"] for r in out) == [80, 443]
    assert run.one(ADDRESS).inputs["securityGroups"] == [f"{run.one(GROUP).name}-id"]


def test_the_disk_is_ours_and_its_schedule_finds_it_alone(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, size="200Gi", snapshot_days=9)
    disk, details = run.one(DISK), run.one(SCHEDULE).inputs["policyDetails"]
    assert (disk.inputs["encrypted"], disk.inputs["kmsKeyId"], disk.inputs["size"]) == (True, KEY, 200)
    assert disk.ignore_changes == ("kmsKeyId",)
    assert details["targetTags"] == {"kotaemon-nfs-disk": "kotaemon-prod-files"}
    assert details["targetTags"].items() <= disk.inputs["tags"].items()
    assert details["schedules"][0]["retainRule"] == {"count": 9}
    trust = json.loads(run.one(ROLE).inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "dlm.amazonaws.com"}


def test_a_newer_image_does_not_replace_the_machine_and_a_named_one_does(pulumi_run: Callable[..., Run]) -> None:
    cloud = Cloud()
    machine = made(pulumi_run, cloud).one(MACHINE)
    assert (machine.inputs["ami"], "ami" in machine.ignore_changes) == (NEWEST, True)
    assert cloud.asked[0]["owners"] == ["136693071363"]
    assert cloud.asked[0]["filters"][0]["values"] == ["debian-12-arm64-*"]
    cloud = Cloud()
    machine = made(pulumi_run, cloud, image="ami-0a1b2c3d4e5f60718").one(MACHINE)
    assert (machine.inputs["ami"], "ami" in machine.ignore_changes) == ("ami-0a1b2c3d4e5f60718", False)
    assert cloud.asked == []


def test_the_disk_follows_the_machine_once_it_has_stopped(pulumi_run: Callable[..., Run]) -> None:
    attached = made(pulumi_run).one(ATTACHED).inputs
    assert attached["stopInstanceBeforeDetaching"] is True
    assert attached["volumeId"] == "vol-0a1b2c3d4e5f60718"


def test_the_old_machine_goes_first_since_disk_and_address_are_there_once(pulumi_run: Callable[..., Run]) -> None:
    first: dict[str, bool | None] = {}

    def noted(args: pulumi.ResourceTransformationArgs) -> None:
        first[args.type_] = args.opts.delete_before_replace

    def program() -> None:
        NfsOnEbs("files", arguments(), pulumi.ResourceOptions(transformations=[noted]))

    pulumi_run(program, resources=Cloud())
    assert {kind for kind, said in first.items() if said} == {MACHINE, ATTACHED}


def test_a_schedule_goes_without_tags_that_dlm_does_not_take(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, tags={"team": "search", "cost center": "4711"})
    assert run.one(SCHEDULE).inputs["tags"] == {"team": "search"}
    assert run.one(DISK).inputs["tags"]["cost center"] == "4711"


def test_an_address_of_ones_own(pulumi_run: Callable[..., Run]) -> None:
    assert made(pulumi_run, address="10.0.0.9").one(ADDRESS).inputs["privateIps"] == ["10.0.0.9"]


@pytest.mark.parametrize(
    ("instance_type", "processor"),
    [
        ("m7g.large", "arm64"),
        ("c7gn.xlarge", "arm64"),
        ("im4gn.large", "arm64"),
        ("a1.large", "arm64"),
        ("m7i.large", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("m6a.large", "x86_64"),
        ("g5.xlarge", "x86_64"),
        ("g5g.xlarge", "arm64"),
    ],
)
def test_the_processor_of_a_type(instance_type: str, processor: str) -> None:
    assert architecture(instance_type) == processor


def test_the_path_of_a_disk() -> None:
    assert device("vol-0a1b") == "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0a1b"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instance_type": "m4.large"}, "instance_type: 'm4.large' is not built on Nitro"),
        ({"instance_type": "large"}, "instance_type: 'large' must be a type of EC2"),
        ({"image": "debian"}, "image: 'debian' must be the id of an image"),
        ({"region": "cn-north-1", "zone": "cn-north-1a"}, "image: missing; in cn-north-1"),
        ({"snapshot_days": 0}, "snapshot_days: 0 is not allowed; it must be 1 to 1000"),
        ({"zone": "eu-west-1a"}, "zone 'eu-west-1a'"),
        ({"size": "100GB"}, "size: "),
        ({"iops": 100}, "iops"),
        ({"tags": {"aws:mine": "1"}}, "tags: "),
    ],
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    [found] = check("files", arguments(**changes))
    assert said in found
