"""What ECS asks of the machine of an NFS server, as pure rules: its type, its image, the name of its disk.

Sources, read on 29 November 2026: the texts of alibabacloud-ecs20140526 7.11.8 (RunInstances, CreateNetworkInterface);
terraform-provider-alicloud 81c43b6 (resource_alicloud_instance.go, data_source images); Alibaba Cloud, "Retain and
reuse an ENI" (28 February 2026), "Query the serial number of a disk", "Instance metadata".
"""

import re

from ..alicloud import refused_cidr
from .files import HostFile

INSTANCE_TYPE = "ecs.g8i.large"
"""2 CPUs and 8 GiB, most of which is the server's cache. Not burstable: a server that is out of credits stalls every
pod."""
USER_DATA_BYTES = 32_768
"""RunInstances, UserData: 32 KB before base64."""
ROOT_GIB = 20
"""The least that ECS takes as a disk of the system, in GiB; nothing of the user is on it."""
RULE_FILE = "/etc/udev/rules.d/70-kotaemon-nfs.rules"
KEPT_ADDRESS_REGIONS = frozenset(
    {
        "ap-southeast-1",
        "ap-southeast-3",
        "cn-beijing",
        "cn-chengdu",
        "cn-guangzhou",
        "cn-hangzhou",
        "cn-heyuan",
        "cn-hongkong",
        "cn-huhehaote",
        "cn-qingdao",
        "cn-shanghai",
        "cn-shenzhen",
        "cn-wulanchabu",
        "cn-zhangjiakou",
    }
)
"""Regions of which it was read that a primary interface outlives its instance ("Retain and reuse an ENI"). The page
names more than the part of it that could be read here."""
_IMAGE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,127}")
_TYPE = re.compile(r"ecs\.[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.[a-z0-9-]+")
_BURSTS = re.compile(r"ecs\.(t[0-9]|e-|s[0-9])")
"""Families that burst or share their processors (ECS, "Overview of instance families")."""
_ARM = re.compile(r"ecs\.[a-z]+[0-9]+[yr]\.")
"""Yitian (g8y, c8y, r8y) and Ampere (g6r, c6r)."""


def device(disk_id: str) -> str:
    """The path of a disk on the machine: a link that the rule below makes, whatever bus the disk is on."""
    return f"/dev/disk/by-id/kotaemon-{_serial(disk_id)}"


def disk_rule(disk_id: str) -> HostFile:
    """The rule of udev for the link. A disk is on virtio or on NVMe, as its machine's type has it, and its serial
    number is its id without `d-` on both: so a machine of another type finds it as well."""
    serial = _serial(disk_id)
    found = f'SUBSYSTEM=="block", ENV{{DEVTYPE}}=="disk", ATTRS{{serial}}=="{serial}"'
    rule = f'{found}, SYMLINK+="disk/by-id/kotaemon-{serial}"'
    return HostFile(RULE_FILE, f"# Written by Pulumi (components/nfs_server).\n{rule}\n")


READ_RULES = (["udevadm", "control", "--reload"], ["udevadm", "trigger", "--subsystem-match=block"])
"""Commands before the install script: a disk that was there before the rule gets its link, too."""
SOME_DISK = "d-bp1a2b3c4d5e6f7g8h9i"
"""Stands for the id of a disk before there is one; it is as long."""


def image_name(instance_type: str) -> str:
    """Names of Debian 12 among the public images: a regular expression, as the provider takes it. Their kernel has
    nfsd, and Debian 12 is what the drills of the server run on. One name: debian_12_9_x64_20G_alibase_20250314.vhd."""
    machine = "arm64" if architecture(instance_type) == "arm64" else "x64"
    return rf"^debian_12_[0-9]+_{machine}_[0-9]+G_alibase_[0-9]+\.vhd$"


def architecture(instance_type: str) -> str:
    """arm64 or x86_64, as the provider's look-up of images has it."""
    return "arm64" if _ARM.match(instance_type) else "x86_64"


def instance_type_refused(instance_type: str) -> str:
    """Why an instance type cannot be the server; empty when it can."""
    if not _TYPE.fullmatch(instance_type):
        return f"{instance_type!r} must be a type of ECS, for example {INSTANCE_TYPE}"
    if _BURSTS.match(instance_type):
        return (
            f"{instance_type!r} is out of credits or shared under load, and then every pod waits; take {INSTANCE_TYPE}"
        )
    return ""


def image_refused(image: str | None) -> str:
    """Why an image cannot be used; empty when it can."""
    if image is None or _IMAGE.fullmatch(image):
        return ""
    return f"{image!r} must be the id of an image, for example m-bp1example or debian_12_9_x64_20G_alibase_20250314.vhd"


def clients_refused(clients: list[str]) -> str:
    """Why networks cannot be let in: the address of the server is IPv4. What is no network is refused elsewhere."""
    return next(
        (f"{client!r} {reason}" for client in clients if ":" in client and (reason := refused_cidr(client))), ""
    )


def address_warning(region: str) -> str:
    """What is not known of a region; empty where it is known that the address is kept."""
    if region in KEPT_ADDRESS_REGIONS:
        return ""
    return (
        f"it is not known here whether a primary network interface outlives its instance in {region}, and by it the "
        'address of the server stays: see "Retain and reuse an ENI" of Alibaba Cloud before a first up, or take kind '
        "nas"
    )


def _serial(disk_id: str) -> str:
    return disk_id.removeprefix("d-")
