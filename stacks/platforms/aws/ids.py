"""How the ids of AWS look that may stand under `existing` in a stack file."""

from collections.abc import Mapping

from stacks.settings.existing import Id

_HEX = "[0-9a-f]{8,40}"
FILE_SYSTEM = Id(f"fs-{_HEX}", "fs-0a1b2c3d4e5f60718")
ACCESS_POINT = Id(f"fsap-{_HEX}", "fsap-0a1b2c3d4e5f60718")
MOUNT_TARGET = Id(f"fsmt-{_HEX}", "fsmt-0a1b2c3d4e5f60718")
DISK = Id(f"vol-{_HEX}", "vol-0a1b2c3d4e5f60718")
INTERFACE = Id(f"eni-{_HEX}", "eni-0a1b2c3d4e5f60718")
SNAPSHOT_POLICY = Id(f"policy-{_HEX}", "policy-0a1b2c3d4e5f60718")
GROUP = Id(f"sg-{_HEX}", "sg-0a1b2c3d4e5f60718")
RULE = Id(f"sgr-{_HEX}", "sgr-0a1b2c3d4e5f60718")
KEY = Id("(mrk-)?[0-9a-f-]{32,36}", "1234abcd-12ab-34cd-56ef-1234567890ab")
DATABASE = Id("[A-Za-z][A-Za-z0-9-]{0,62}", "kotaemon")
"""An identifier of RDS, or the id of the resource, db-ABC..: the provider finds an instance by both."""
NAMED = Id(r"[\w+=,.@-]{1,255}", "kotaemon-database-subnets-1a2b3c4")
"""What AWS knows by its name."""
IAM_ROLE = Id(r"[\w+=,.@-]{1,64}", "aws-ebs-csi-driver-role-1a2b3c4")
ATTACHED = Id(r"[\w+=,.@-]{1,64}[/:].+", "aws-ebs-csi-driver-role-1a2b3c4/arn:aws:iam::aws:policy/...")
"""A policy on an IAM role."""
ADDON = Id("[0-9A-Za-z][A-Za-z0-9_-]{0,99}:[a-z0-9-]+", "my-cluster:aws-ebs-csi-driver")


def network(*directions: str) -> Mapping[str, Id]:
    """The security group in front of a server, and its rules: `from`, `to` and `into`, as its component has them."""
    return {"group": GROUP, **{f"{direction}-.+": RULE for direction in directions}}
