"""Rules that hold for every Alibaba Cloud resource. Each function gives the reason of a refusal, or nothing."""

import ipaddress
import re
from collections.abc import Mapping

import pulumi

TAGS_MAX = 20
_TAG_LENGTH = 128
_CLOUD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,39}")


def refused_tags(tags: Mapping[str, str]) -> str:
    """Tags as ECS, NAS, KMS and RDS all take them (ECS CreateDisk, KMS CreateKey: `Tags`)."""
    if len(tags) > TAGS_MAX:
        return f"{len(tags)} tags; Alibaba Cloud takes at most {TAGS_MAX}"
    for key, value in tags.items():
        if not key or len(key) > _TAG_LENGTH or len(value) > _TAG_LENGTH:
            return f"tag {key!r}: keys have 1 to {_TAG_LENGTH} characters, values at most {_TAG_LENGTH}"
        if key.lower().startswith(("aliyun", "acs:")):
            return f"tag {key!r}: keys that begin with aliyun or acs: belong to Alibaba Cloud"
        if "http://" in key + value or "https://" in key + value:
            return f"tag {key!r}: http:// and https:// are not allowed in tags"
    return ""


def refused_cidr(cidr: str) -> str:
    """A network whose hosts may reach stored data: private IPv4, and not half of the address space."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        return "must be a network, for example 10.0.0.0/16"
    if network.version != 4:
        return "must be IPv4: only some file systems take IPv6 rules (NAS CreateAccessRule)"
    if not network.is_private or network.prefixlen < 8:
        return "must be the cluster's private network: stored data is reachable from it"
    return ""


def refused_cloud_name(name: str) -> str:
    """A prefix of names in the account. NAS groups have 3 to 64 characters and begin with a letter (CreateAccessGroup);
    24 of them are left for what a component adds."""
    if _CLOUD_NAME.fullmatch(name):
        return ""
    return "must have 3 to 40 letters, digits, '-' or '_' and begin with a letter"


def require(what: str, *reasons: str) -> None:
    """Raise pulumi.RunError with the first reason there is. `what` names the component and the argument."""
    for reason in filter(None, reasons):
        raise pulumi.RunError(f"{what}: {reason}")
