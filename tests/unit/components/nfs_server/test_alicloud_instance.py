"""The server on ECS: what is kept and what may be replaced, who may reach it, and what is refused before."""

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml

from components.nfs_server.alicloud_instance import NfsOnEssd, NfsOnEssdArgs, check, told
from components.nfs_server.ecs_rules import USER_DATA_BYTES, address_warning, architecture, image_name
from plan.recorder import Echo, Run

KEY = "key-hzz6540example"
NEWEST = "debian_12_9_x64_20G_alibase_20250314.vhd"
DISK_ID = "d-bp1a2b3c4d5e6f7g8h9i"
DISK, ADDRESS = "alicloud:ecs/ecsDisk:EcsDisk", "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface"
MACHINE, ATTACHED = "alicloud:ecs/instance:Instance", "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment"
SCHEDULE = "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy"
SCHEDULED = "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment"
GROUP, RULE = "alicloud:ecs/securityGroup:SecurityGroup", "alicloud:ecs/securityGroupRule:SecurityGroupRule"


class Cloud(Echo):
    """Gives the disk an id, the interface its address, and the newest image."""

    def __init__(self, images: list[str] | None = None) -> None:
        super().__init__()
        self.images = [NEWEST] if images is None else images
        self.asked: list[dict[str, Any]] = []

    def new_resource(self, args: Any) -> Any:
        id_, outputs = super().new_resource(args)
        if args.typ == ADDRESS:
            outputs.setdefault("primaryIpAddress", "10.0.0.77")
        return (DISK_ID if args.typ == DISK else id_), outputs

    def call(self, args: Any) -> Any:
        assert args.token == "alicloud:ecs/getImages:getImages"
        self.asked.append(dict(args.args))
        return {"ids": self.images, "images": []}, []


def arguments(**changes: Any) -> NfsOnEssdArgs:
    values: dict[str, Any] = {
        "key_id": KEY,
        "cloud_name": "kotaemon-prod",
        "region": "cn-hangzhou",
        "zone": "cn-hangzhou-h",
        "vpc_id": "vpc-bp1example",
        "vswitch_id": "vsw-bp1exampleh",
        "serving": {"export": {"path": "/srv/nfs/kotaemon", "clients": ["10.0.0.0/16"], "folders": []}},
        "tags": {"team": "search"},
    }
    return NfsOnEssdArgs(**{key: value for key, value in {**values, **changes}.items() if value is not None})


def made(pulumi_run: Callable[..., Run], cloud: Cloud | None = None, **changes: Any) -> Run:
    def program() -> dict[str, Any]:
        server = NfsOnEssd("files", arguments(**changes))
        return {"address": server.address, "disk": server.disk_id}

    return pulumi_run(program, resources=cloud or Cloud())


def test_the_disk_the_address_and_the_snapshots_are_kept_and_the_machine_is_not(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run)
    for kind in (DISK, ADDRESS, GROUP, SCHEDULE, SCHEDULED):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (True, True), kind
    assert (run.one(MACHINE).protect, run.one(MACHINE).retain_on_delete) == (False, False)
    assert run.one(ATTACHED).protect is False
    assert run.outputs["address"].value == "10.0.0.77"


def test_an_address_is_not_released_with_its_machine(pulumi_run: Callable[..., Run]) -> None:
    assert made(pulumi_run).one(ADDRESS).inputs["deleteOnRelease"] is False


def test_nothing_that_is_kept_is_made_after_the_machine(pulumi_run: Callable[..., Run]) -> None:
    """Or it would keep the machine, and a replaced machine could reach it."""
    run = made(pulumi_run)
    machine = run.one(MACHINE).urn
    for kept in (r for r in run.registrations if r.protect):
        assert machine not in kept.depends_on, kept.name


def test_the_disk_is_never_taken_from_a_server_that_runs(pulumi_run: Callable[..., Run]) -> None:
    """A server whose disk goes answers writes with errors. The disk comes free when the machine is released."""
    run = made(pulumi_run)
    attached = run.one(ATTACHED)
    assert (attached.retain_on_delete, attached.deleted_with) == (True, run.one(MACHINE).urn)
    assert attached.inputs == {"diskId": DISK_ID, "instanceId": "files-server-id", "deleteWithInstance": False}


def test_the_machine_finds_its_disk_on_either_bus(pulumi_run: Callable[..., Run]) -> None:
    config = yaml.safe_load(made(pulumi_run).one(MACHINE).inputs["userData"])
    written = {one["path"]: one["content"] for one in config["write_files"]}
    link = "/dev/disk/by-id/kotaemon-bp1a2b3c4d5e6f7g8h9i"
    assert written["/etc/kotaemon-nfs/disk"].splitlines()[0] == link
    assert written["/etc/udev/rules.d/70-kotaemon-nfs.rules"].splitlines()[1] == (
        'SUBSYSTEM=="block", ENV{DEVTYPE}=="disk", ATTRS{serial}=="bp1a2b3c4d5e6f7g8h9i", '
        'SYMLINK+="disk/by-id/kotaemon-bp1a2b3c4d5e6f7g8h9i"'
    )
    assert config["runcmd"] == [
        ["udevadm", "control", "--reload"],
        ["udevadm", "trigger", "--subsystem-match=block"],
        ["/etc/kotaemon-nfs/install.sh"],
    ]


def test_the_user_data_has_room_for_many_networks() -> None:
    clients = [f"10.{a}.{b}.0/24" for a in range(2) for b in range(60)]
    chosen = arguments(serving={"export": {"path": "/srv/nfs/kotaemon", "clients": clients, "folders": []}})
    assert check("files", chosen) == []
    assert len(told(chosen, DISK_ID)) < USER_DATA_BYTES
    most = [f"10.{a}.{b}.0/24" for a in range(4) for b in range(120)]
    [found] = check("files", arguments(serving={"export": {"path": "/srv/nfs", "clients": most, "folders": []}}))
    assert "name fewer networks" in found


def test_the_machine_is_hardened(pulumi_run: Callable[..., Run]) -> None:
    machine = made(pulumi_run).one(MACHINE).inputs
    assert (machine["systemDiskEncrypted"], machine["systemDiskKmsKeyId"]) == (True, KEY)
    assert not {"keyName", "password", "roleName", "allocatePublicIp", "internetMaxBandwidthOut"} & machine.keys()
    assert machine["networkInterfaceId"] == "files-address-id"


def test_without_a_key_of_ones_own_the_service_encrypts(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, key_id=None)
    assert (run.one(DISK).inputs["encrypted"], "kmsKeyId" in run.one(DISK).inputs) == (True, False)
    machine = run.one(MACHINE).inputs
    assert (machine["systemDiskEncrypted"], "systemDiskKmsKeyId" in machine) == (True, False)


def test_nfs_from_the_clients_is_all_that_comes_in(pulumi_run: Callable[..., Run]) -> None:
    clients = ["10.0.0.0/16", "10.1.0.0/16"]
    run = made(pulumi_run, serving={"export": {"path": "/srv/nfs", "clients": clients}})
    assert [r.inputs["cidrIp"] for r in run.of(RULE)] == clients
    assert {(r.inputs["type"], r.inputs["portRange"], r.inputs["policy"]) for r in run.of(RULE)} == {
        ("ingress", "2049/2049", "accept")
    }
    assert run.one(GROUP).inputs["innerAccessPolicy"] == "Drop"
    assert run.one(ADDRESS).inputs["securityGroupIds"] == [f"{run.one(GROUP).name}-id"]


def test_the_disk_is_ours_and_its_schedule_holds_it(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, size="200Gi", snapshot_days=9, provisioned_iops=1000)
    disk = run.one(DISK)
    assert (disk.inputs["encrypted"], disk.inputs["kmsKeyId"], disk.inputs["size"]) == (True, KEY, 200)
    assert (disk.inputs["category"], disk.inputs["provisionedIops"]) == ("cloud_auto", 1000)
    assert disk.inputs["deleteWithInstance"] is False
    assert disk.ignore_changes == ("kmsKeyId",)
    assert run.one(SCHEDULE).inputs["retentionDays"] == 9
    assert run.one(SCHEDULED).inputs["diskId"] == DISK_ID


def test_a_newer_image_does_not_replace_the_machine_and_a_named_one_does(pulumi_run: Callable[..., Run]) -> None:
    cloud = Cloud()
    machine = made(pulumi_run, cloud).one(MACHINE)
    assert (machine.inputs["imageId"], "imageId" in machine.ignore_changes) == (NEWEST, True)
    [asked] = cloud.asked
    assert (asked["owners"], asked["mostRecent"], asked["architecture"]) == ("system", True, "x86_64")
    assert re.search(asked["nameRegex"], NEWEST)
    cloud = Cloud()
    machine = made(pulumi_run, cloud, image="m-bp1example").one(MACHINE)
    assert (machine.inputs["imageId"], "imageId" in machine.ignore_changes) == ("m-bp1example", False)
    assert cloud.asked == []


def test_a_region_without_debian_is_said(pulumi_run: Callable[..., Run]) -> None:
    with pytest.raises(pulumi.RunError, match="no public image of Debian 12 is in this region"):
        made(pulumi_run, Cloud(images=[]))


def test_what_the_provider_would_change_in_place_replaces_the_machine_and_the_old_one_goes_first(
    pulumi_run: Callable[..., Run],
) -> None:
    """Its user data is read at a first start only."""
    first: set[str] = set()
    replaced: dict[str, list[str]] = {}

    def noted(args: pulumi.ResourceTransformationArgs) -> None:
        if args.opts.delete_before_replace:
            first.add(args.type_)
        if args.opts.replace_on_changes:
            replaced[args.type_] = list(args.opts.replace_on_changes)

    def program() -> None:
        NfsOnEssd("files", arguments(), pulumi.ResourceOptions(transformations=[noted]))

    pulumi_run(program, resources=Cloud())
    assert first == {MACHINE, ATTACHED}
    assert replaced == {MACHINE: ["userData", "imageId"]}


def test_an_address_of_ones_own(pulumi_run: Callable[..., Run]) -> None:
    assert made(pulumi_run, address="10.0.0.9").one(ADDRESS).inputs["primaryIpAddress"] == "10.0.0.9"


def test_a_region_of_which_too_little_is_known_is_warned_of(pulumi_run: Callable[..., Run]) -> None:
    assert address_warning("cn-hangzhou") == ""
    run = made(pulumi_run, region="me-east-1", zone="me-east-1a")
    assert any("outlives its instance in me-east-1" in line for line in run.warnings)


@pytest.mark.parametrize(
    ("instance_type", "processor", "image"),
    [
        ("ecs.g8i.large", "x86_64", "debian_12_9_x64_20G_alibase_20250314.vhd"),
        ("ecs.g7.large", "x86_64", "debian_12_10_x64_20G_alibase_20250612.vhd"),
        ("ecs.g8y.large", "arm64", "debian_12_9_arm64_20G_alibase_20250314.vhd"),
        ("ecs.c6r.large", "arm64", "debian_12_9_arm64_20G_alibase_20250314.vhd"),
    ],
)
def test_the_image_of_a_type(instance_type: str, processor: str, image: str) -> None:
    assert architecture(instance_type) == processor
    assert re.search(image_name(instance_type), image)
    for other in ("debian_11_9_x64_20G_alibase_20250314.vhd", "ubuntu_24_04_x64_20G_alibase_20250916.vhd"):
        assert not re.search(image_name(instance_type), other)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instance_type": "m7g.large"}, "instance_type: 'm7g.large' must be a type of ECS"),
        ({"instance_type": "ecs.t6-c1m2.large"}, "instance_type: 'ecs.t6-c1m2.large' is out of credits"),
        ({"image": "debian 12"}, "image: 'debian 12' must be the id of an image"),
        ({"snapshot_days": 0}, "snapshots are kept 0 days"),
        ({"zone": "cn-beijing-h"}, "zone 'cn-beijing-h' is not a zone of region cn-hangzhou"),
        ({"size": "100GB"}, "size: "),
        ({"provisioned_iops": 10**6}, "1000000 provisioned IOPS"),
        ({"tags": {"acs:mine": "1"}}, "tags: "),
        ({"cloud_name": "1"}, "cloud_name '1-files'"),
        ({"serving": {"export": {"path": "/srv/nfs", "clients": ["fd00::/48"]}}}, "'fd00::/48' must be IPv4"),
        ({"serving": {"export": {"path": "/srv/nfs", "clients": ["0.0.0.0/0"]}}}, "'0.0.0.0/0' is too wide"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    [found] = check("files", arguments(**changes))
    assert said in found
