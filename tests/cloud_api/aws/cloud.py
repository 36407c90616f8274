"""A provider that hands out ids and ARNs of the form AWS gives."""

import hashlib
from typing import Any

from plan.recorder import Echo

ACCOUNT = "111122223333"
REGION = "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_PREFIXES = {
    "aws:ec2/securityGroup:SecurityGroup": "sg-",
    "aws:efs/fileSystem:FileSystem": "fs-",
    "aws:efs/accessPoint:AccessPoint": "fsap-",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "fs-",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "fs-",
    "aws:ebs/volume:Volume": "vol-",
    "aws:ec2/networkInterface:NetworkInterface": "eni-",
    "aws:ec2/instance:Instance": "i-",
    "aws:s3/filesFileSystem:FilesFileSystem": "fs-",
    "aws:s3/filesAccessPoint:FilesAccessPoint": "fsap-",
}


class Ids(Echo):
    """Ids and ARNs of the right form, always the same for the same resource."""

    region = REGION

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if not args.typ.startswith("aws:"):
            return id_, outputs
        digits = hashlib.sha256(f"{args.typ}{args.name}".encode()).hexdigest()
        if args.typ in _PREFIXES:
            id_ = _PREFIXES[args.typ] + digits[:17]
        arns = {
            "aws:kms/key:Key": KEY,
            "aws:efs/fileSystem:FileSystem": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{id_}",
            "aws:efs/accessPoint:AccessPoint": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/{id_}",
            "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{args.name}",
        }
        outputs["arn"] = arns.get(args.typ, f"arn:aws:any:{REGION}:{ACCOUNT}:{id_}")
        outputs["region"] = self.region
        outputs["keyId"] = KEY.rpartition("/")[2]
        outputs.setdefault("name", args.name)
        outputs |= {"dnsName": f"{id_}.fsx.{REGION}.amazonaws.com", "mountName": "abcdefgh"}
        if args.typ == "aws:ec2/networkInterface:NetworkInterface":
            outputs["privateIp"] = "10.0.0.9"
        outputs["address"] = f"db.abc.{REGION}.rds.amazonaws.com"
        return id_, outputs

    def call(self, args: Any) -> Any:
        """The newest image; there is nothing else to look up."""
        if args.token == "aws:ec2/getAmi:getAmi":
            return {"id": "ami-0123456789abcdef0"}, []
        return super().call(args)
