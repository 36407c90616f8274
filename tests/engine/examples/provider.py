"""A stand-in for the provider plugins `aws` and `alicloud`: it speaks the engine's protocol and asks no cloud.

Started by the engine through a script on PATH that `conftest.plugins` writes. As the real ones, which are bridged from
Terraform, it takes secrets in clear, and it leaves to the engine which outputs are secret.
"""

import argparse
import hashlib
import json
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

ACCOUNT, REGION = "111122223333", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PREFIXES = {
    "aws:ec2/securityGroup:SecurityGroup": "sg-",
    "aws:efs/fileSystem:FileSystem": "fs-",
    "aws:efs/accessPoint:AccessPoint": "fsap-",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "fs-",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "fs-",
    "aws:ebs/volume:Volume": "vol-",
    "alicloud:kms/key:Key": "key-",
    "alicloud:nas/fileSystem:FileSystem": "",
    "alicloud:rds/instance:Instance": "pgm-",
}
FORCE_NEW = {
    "availabilityZone",
    "availabilityZoneName",
    "deploymentType",
    "encrypted",
    "encryptType",
    "endpointIpAddressRange",
    "fileSystemId",
    "fileSystemType",
    "kmsKeyId",
    "posixUser",
    "rootDirectory",
    "snapshotId",
    "storageEncrypted",
    "storageType",
    "subnetId",
    "vpcId",
    "vswitchId",
    "zoneId",
    "zoneIdSlaveA",
}
FORCE_NEW_OF = {
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": {"subnetIds", "securityGroupIds"},
    "aws:fsx/lustreFileSystem:LustreFileSystem": {"subnetIds", "securityGroupIds"},
}
"""Type -> inputs where a change makes a new resource of this type only. Sources as in stacks/effects.py's rows."""
"""Where a change makes a new resource. The names mean the same for every type that our components make."""

NAMED = {"aws:rds/subnetGroup:SubnetGroup", "aws:rds/parameterGroup:ParameterGroup"}
"""Others refer to them by name."""

Values = dict[str, Any]


def computed(type_: str, name: str, id_: str) -> Values:
    """What only the cloud can tell: always the same for the same resource."""
    if type_.startswith("alicloud:"):
        return {
            "alicloud:nas/mountTarget:MountTarget": {"mountTargetDomain": f"{id_}.cn-hangzhou.nas.aliyuncs.com"},
            "alicloud:rds/instance:Instance": {"connectionString": f"{id_}.pg.rds.aliyuncs.com", "port": "5432"},
        }.get(type_, {})
    arns = {
        "aws:kms/key:Key": KEY,
        "aws:efs/fileSystem:FileSystem": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{id_}",
        "aws:efs/accessPoint:AccessPoint": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/{id_}",
        "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
    }
    more: Values = {
        "aws:kms/key:Key": {"keyId": KEY.rpartition("/")[2]},
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": {"dnsName": f"{id_}.fsx.{REGION}.amazonaws.com"},
        "aws:fsx/lustreFileSystem:LustreFileSystem": {
            "dnsName": f"{id_}.fsx.{REGION}.amazonaws.com",
            "mountName": "abcdefgh",
        },
        "aws:rds/instance:Instance": {"address": f"db.abc.{REGION}.rds.amazonaws.com"},
    }
    return {"arn": arns.get(type_, f"arn:aws:any:{REGION}:{ACCOUNT}:{id_}"), **more.get(type_, {})}


def new_id(type_: str, name: str) -> str:
    """An id of the form that the cloud gives."""
    digits = hashlib.sha256(f"{type_}{name}".encode()).hexdigest()[:17]
    return PREFIXES.get(type_, f"{name}-") + digits


def struct(values: Mapping[str, Any]) -> Struct:
    """Values as the protocol has them."""
    made = Struct()
    made.update(values)
    return made


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """What the engine asks of a provider. What is not here, it is told, is not implemented."""

    def __init__(self, log: Path, kubeconfig: Path, version: str) -> None:
        self.log, self.kubeconfig, self.version = log, kubeconfig, version
        self.lock = threading.Lock()

    def there(self) -> dict[tuple[str, str], str]:
        """Type and name of what was created and not deleted, with its newest inputs."""
        with self.lock:
            notes = [json.loads(line) for line in self.log.read_text().splitlines()]
        there: dict[tuple[str, str], str] = {}
        for verb, type_, name, inputs in notes:
            if verb == "delete":
                there.pop((type_, name), None)
            else:
                there[type_, name] = inputs
        return there

    def in_use(self, request: Any) -> str:
        """What refers to it and is there: as the clouds do, it is not deleted then."""
        there = self.there()
        there.pop((request.type, request.name), None)
        names = {request.id, request.name} if request.type in NAMED else {request.id}
        users = (name for (_, name), inputs in there.items() if any(f'"{n}"' in inputs for n in names))
        return next(users, "")

    def note(self, verb: str, request: Any, properties: Any = None) -> None:
        """One line in the log, in the order of the calls."""
        inputs = json.dumps(MessageToDict(properties)) if properties else ""
        with self.lock, self.log.open("a") as out:
            out.write(json.dumps([verb, request.type, request.name, inputs]) + "\n")

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return self.Diff(request, context)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = MessageToDict(request.old_inputs), MessageToDict(request.news)
        ignored = set(request.ignoreChanges)
        changed = sorted(k for k in (old.keys() | new.keys()) - ignored if old.get(k) != new.get(k))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            diffs=changed,
            replaces=[key for key in changed if key in FORCE_NEW | FORCE_NEW_OF.get(request.type, set())],
        )

    def Read(self, request: Any, context: Any) -> Any:
        """From the log alone: what the engine believes is in the request, and it would find no drift in that."""
        known = self.there().get((request.type, request.name))
        if known is None:
            return provider_pb2.ReadResponse()  # it is gone
        inputs = json.loads(known)
        id_ = new_id(request.type, request.name)
        told = {"name": request.name, **computed(request.type, request.name, id_), **inputs}
        return provider_pb2.ReadResponse(id=id_, properties=struct(told), inputs=struct(inputs))

    def Create(self, request: Any, context: Any) -> Any:
        id_ = new_id(request.type, request.name)
        told = {"name": request.name, **computed(request.type, request.name, id_)}
        outputs = struct(dict.fromkeys(told, UNKNOWN) if request.preview else told)
        outputs.update(MessageToDict(request.properties))
        if request.preview:
            return provider_pb2.CreateResponse(properties=outputs)
        self.note("create", request, request.properties)
        return provider_pb2.CreateResponse(id=id_, properties=outputs)

    def Update(self, request: Any, context: Any) -> Any:
        outputs = struct({"name": request.name, **computed(request.type, request.name, request.id)})
        outputs.update(MessageToDict(request.news))
        if not request.preview:
            self.note("update", request, request.news)
        return provider_pb2.UpdateResponse(properties=outputs)

    def Delete(self, request: Any, context: Any) -> Any:
        if user := self.in_use(request):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"DependencyViolation: {request.name} is used by {user}")
        self.note("delete", request)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok == "aws:kms/getKey:getKey":
            return self.key(request)
        if request.tok != "alicloud:cs/getClusterCredential:getClusterCredential":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the stand-in has no answer for {request.tok}")
        answer = {"kubeConfig": self.kubeconfig.read_text(), "clusterId": request.args["clusterId"]}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})  # pyright: ignore[reportArgumentType]

    def key(self, request: Any) -> Any:
        """An existing key that can be used, for stacks that name one."""
        usable = {
            "id": request.args["keyId"],
            "arn": request.args["keyId"],
            "keyId": request.args["keyId"],
            "keyState": "Enabled",
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keyManager": "CUSTOMER",
        }
        return provider_pb2.InvokeResponse(**{"return": struct(usable)})  # pyright: ignore[reportArgumentType]


def main() -> None:
    """Listen on loopback and tell the port, as a plugin does; the engine ends the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("kubeconfig", type=Path, help="the cluster that getClusterCredential answers with")
    parser.add_argument("version", help="of the plugin that it stands in for")
    arguments, _ = parser.parse_known_args()
    provider = Provider(arguments.log, arguments.kubeconfig, arguments.version)
    server = grpc.server(ThreadPoolExecutor(8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def stop(number: int, frame: object) -> None:
        server.stop(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
