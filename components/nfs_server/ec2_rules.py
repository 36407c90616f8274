"""What EC2 and EBS ask of the machine of an NFS server, as pure rules: its type, its image, the name of its disk."""

import re

from ..aws import partition

INSTANCE_TYPE = "m7g.large"
"""2 CPUs and 8 GiB, most of which is the server's cache. Not burstable: a server that is out of credits stalls every
pod."""
USER_DATA_BYTES = 16_384
"""EC2 user guide, "Run commands at launch": 16 KB before base64."""
MOST_SNAPSHOTS = 1000
"""DLM API RetainRule, Count."""
SCHEDULE_TAG = re.compile(r"[a-zA-Z0-9+,./:;<=_-]+")
"""Keys that DLM takes as tags of a schedule (its model, TagKey): fewer than EC2. A schedule goes without the others."""
DEBIAN = "136693071363"
"""Owner of Debian's images (wiki.debian.org/Cloud/AmazonEC2Image). Their kernel has nfsd, and Debian 12 is what the
drills of the server run on."""
_XEN = re.compile(r"t[12]|m[1-4]|c[134]|cc2|cr1|d2|f1|g2|g3s?|hs?1|i[23]|p[23]|r[34]|x1e?")
"""Families that are not built on Nitro: their disks are no NVMe devices and have no name that follows from the id (EC2
user guide, "Instances built on the AWS Nitro System"). i3.metal is the one exception."""
_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")
_TYPE = re.compile(r"([a-z]+[0-9]+[a-z0-9-]*|u[a-z0-9-]+)\.([a-z0-9-]+)")


def device(disk_id: str) -> str:
    """The path of a disk on the instance. EBS has its id without the hyphen as the serial number of the NVMe device,
    and systemd's rules name a link by model and serial number (EBS user guide, "Map Amazon EBS volumes to NVMe device
    names"; systemd: rules.d/60-persistent-storage.rules)."""
    return f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{disk_id.replace('-', '')}"


SOME_DISK = device("vol-0123456789abcdef0")
"""Stands for the path of a disk before there is one; it is as long."""


def architecture(instance_type: str) -> str:
    """arm64 or x86_64. A `g` after the generation is Graviton (EC2 instance types, "Naming conventions")."""
    family = instance_type.partition(".")[0]
    return "arm64" if family == "a1" or re.fullmatch(r"[a-z]+[0-9]+[a-z]*g[a-z0-9-]*", family) else "x86_64"


def instance_type_refused(instance_type: str) -> str:
    """Why an instance type cannot be the server; empty when it can."""
    match = _TYPE.fullmatch(instance_type)
    if match is None:
        return f"{instance_type!r} must be a type of EC2, for example {INSTANCE_TYPE}"
    if _XEN.fullmatch(match[1]) and instance_type != "i3.metal":
        return f"{instance_type!r} is not built on Nitro, so no name of its disk lasts; take for example m7i.large"
    return ""


def image_refused(image: str | None, region: str) -> str:
    """Why an image cannot be used; empty when it can."""
    if image is None:
        if partition(region) != "aws":
            return f"missing; in {region} it is not known who publishes Debian's images, so name one"
        return ""
    return "" if _IMAGE.fullmatch(image) else f"{image!r} must be the id of an image, for example ami-0a1b2c3d4e5f60718"
