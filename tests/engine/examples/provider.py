"""A stand-in for the provider plugins `aws` and `alicloud`: it speaks the engine's protocol and asks no cloud.

Started by the engine through a script on PATH that `conftest.plugins` writes. As the real ones, which are bridged from
Terraform, it takes secrets in clear, and it leaves to the engine which outputs are secret.
"""

import argparse
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

from tests.engine.examples.cloud import GOES_WITH, NOT_TOLD, Values, computed, new_id, taken
from tests.engine.examples.refusals import refused

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
    # terraform-provider-aws: internal/service/ec2. A changed userData makes an instance anew with userDataReplaceOnChange,
    # and another instanceType only when it has another processor.
    "aws:ec2/instance:Instance": {"ami", "primaryNetworkInterface", "rootBlockDevice", "userData"},
    "aws:ec2/volumeAttachment:VolumeAttachment": {"deviceName", "instanceId", "volumeId"},
    # terraform-provider-alicloud: resource_alicloud_instance.go. A changed user_data or image_id is an update there.
    "alicloud:ecs/instance:Instance": {"networkInterfaceId", "systemDiskCategory", "systemDiskKmsKeyId"},
    "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment": {"diskId", "instanceId"},
    "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": {"primaryIpAddress"},
    "alicloud:ecs/securityGroupRule:SecurityGroupRule": {"cidrIp", "securityGroupId"},
}
"""Type -> inputs where a change makes a new resource of this type only. Sources as in stacks/effects.py's rows."""
"""Where a change makes a new resource. The names mean the same for every type that our components make."""


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

    def there(self) -> dict[tuple[str, str], tuple[str, Values]]:
        """Type and id of what was created and not deleted, with its name in the program and its newest inputs.

        What the engine retains is never deleted here, so it is there as it would be in the cloud.
        """
        with self.lock:
            notes = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        there: dict[tuple[str, str], tuple[str, Values]] = {}
        for verb, type_, name, id_, inputs in notes:
            if verb == "delete":
                there.pop((type_, id_), None)
                there = {key: of for key, of in there.items() if of[1].get(GOES_WITH.get(key[0], "")) != id_}
            else:
                there[type_, id_] = name, inputs
        return there

    def in_use(self, request: Any) -> str:
        """What refers to it and is there: as the clouds do, it is not deleted then."""
        there = self.there()
        there.pop((request.type, request.id), None)
        users = (
            name
            for (type_, _), (name, inputs) in there.items()
            if inputs.get(GOES_WITH.get(type_, "")) != request.id and f'"{request.id}"' in json.dumps(inputs)
        )
        return next(users, "")

    def refuse(self, request: Any, inputs: Values, context: Any) -> None:
        """Abort the call for what a cloud refuses (tests/engine/examples/refusals.py)."""
        own = (request.type, getattr(request, "id", ""))
        there = [(type_, id_, of) for (type_, id_), (_, of) in self.there().items() if (type_, id_) != own]
        if why := refused(request.type, inputs, there):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{request.name}: {why}")

    def note(self, verb: str, request: Any, id_: str, inputs: Values | None = None) -> None:
        """One line in the log, in the order of the calls."""
        with self.lock, self.log.open("a") as out:
            out.write(json.dumps([verb, request.type, request.name, id_, inputs or {}]) + "\n")

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
        """From the log alone: what the engine believes is in the request, and it would find no drift in that.

        All but what no cloud tells: passwords are taken from the request, so an import has none.
        """
        known = self.there().get((request.type, request.id))
        if known is None:
            return provider_pb2.ReadResponse()  # it is gone
        believed = MessageToDict(request.inputs)
        inputs = {key: value for key, value in known[1].items() if key not in NOT_TOLD}
        inputs |= {key: believed[key] for key in NOT_TOLD if key in believed}
        told = {"name": known[0], **computed(request.type, known[0], request.id), **inputs}
        return provider_pb2.ReadResponse(id=request.id, properties=struct(told), inputs=struct(inputs))

    def Create(self, request: Any, context: Any) -> Any:
        inputs = MessageToDict(request.properties)
        if request.preview:
            told = dict.fromkeys({"name": "", **computed(request.type, request.name, "")}, UNKNOWN)
            return provider_pb2.CreateResponse(properties=struct({**told, **inputs}))
        if other := taken(
            request.type, inputs, [of for (type_, _), (_, of) in self.there().items() if type_ == request.type]
        ):
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"AlreadyExists: {request.name}: {other}")
        self.refuse(request, inputs, context)
        id_ = new_id(request.type, request.name, inputs)
        self.note("create", request, id_, inputs)
        told = {"name": request.name, **computed(request.type, request.name, id_), **inputs}
        return provider_pb2.CreateResponse(id=id_, properties=struct(told))

    def Update(self, request: Any, context: Any) -> Any:
        outputs = struct({"name": request.name, **computed(request.type, request.name, request.id)})
        news = MessageToDict(request.news)
        outputs.update(news)
        if not request.preview:
            self.refuse(request, news, context)
            self.note("update", request, request.id, news)
        return provider_pb2.UpdateResponse(properties=outputs)

    def Delete(self, request: Any, context: Any) -> Any:
        if user := self.in_use(request):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"DependencyViolation: {request.name} is used by {user}")
        self.note("delete", request, request.id)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok == "aws:kms/getKey:getKey":
            return self.key(request)
        if request.tok == "aws:cloudcontrol/getResource:getResource":
            return self.key_policy(request)
        if request.tok == "aws:ec2/getAmi:getAmi":
            newest = struct({"id": "ami-0123456789abcdef0"})
            return provider_pb2.InvokeResponse(**{"return": newest})  # pyright: ignore[reportArgumentType]
        if request.tok == "alicloud:ecs/getImages:getImages":
            newest = struct({"ids": ["debian_12_9_x64_20G_alibase_20250314.vhd"], "images": []})
            return provider_pb2.InvokeResponse(**{"return": newest})  # pyright: ignore[reportArgumentType]
        if request.tok == "alicloud:kms/getKeys:getKeys":
            return self.keys(request)
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

    def key_policy(self, request: Any) -> Any:
        """Its policy, which leaves it to IAM, as Cloud Control tells it."""
        root = {"AWS": "arn:aws:iam::111122223333:root"}
        statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        properties = json.dumps({"KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]}})
        told = {"id": request.args["identifier"], "typeName": "AWS::KMS::Key", "properties": properties}
        return provider_pb2.InvokeResponse(**{"return": struct(told)})  # pyright: ignore[reportArgumentType]

    def keys(self, request: Any) -> Any:
        """The same on Alibaba Cloud, where a key is looked for in the list of all."""
        usable = {
            "status": "Enabled",
            "keyUsage": "ENCRYPT/DECRYPT",
            "keySpec": "Aliyun_AES_256",
            "creator": "1512666876910000",
        }
        listed = {
            "ids": request.args["ids"],
            "keys": [{"keyId": key, "id": key, **usable} for key in request.args["ids"]],
        }
        return provider_pb2.InvokeResponse(**{"return": struct(listed)})  # pyright: ignore[reportArgumentType]


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
