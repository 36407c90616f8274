"""The calls for a bucket as a file system, from terraform-provider-aws: internal/service/s3files."""

from collections.abc import Callable, Iterator

from tests.cloud_api.aws.call import Call, Inputs, some, tags


def _file_system(left: Inputs, _: str) -> Iterator[Call]:
    parameters = {
        "bucket": left.pop("bucket"),
        "prefix": left.pop("prefix"),
        "roleArn": left.pop("roleArn"),
        "kmsKeyId": left.pop("kmsKeyId"),
    }
    yield Call("s3files", "CreateFileSystem", some(**parameters, tags=tags(left, "key", "value")))


def _access_point(left: Inputs, _: str) -> Iterator[Call]:
    (user,), (root,) = left.pop("posixUsers"), left.pop("rootDirectories")
    (creation,) = root["creationPermissions"]
    parameters = {
        "fileSystemId": left.pop("fileSystemId"),
        "posixUser": {name: int(user[name]) for name in ("uid", "gid")},
        "rootDirectory": {
            "path": root["path"],
            "creationPermissions": {
                "ownerUid": int(creation["ownerUid"]),
                "ownerGid": int(creation["ownerGid"]),
                "permissions": creation["permissions"],
            },
        },
    }
    yield Call("s3files", "CreateAccessPoint", some(**parameters, tags=tags(left, "key", "value")))


def _mount_target(left: Inputs, _: str) -> Iterator[Call]:
    names = ("fileSystemId", "subnetId", "securityGroups")
    yield Call("s3files", "CreateMountTarget", {name: left.pop(name) for name in names})


def _policy(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("s3files", "PutFileSystemPolicy", {name: left.pop(name) for name in ("fileSystemId", "policy")})


BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {
    "aws:s3/filesFileSystem:FilesFileSystem": _file_system,
    "aws:s3/filesAccessPoint:FilesAccessPoint": _access_point,
    "aws:s3/filesMountTarget:FilesMountTarget": _mount_target,
    "aws:s3/filesFileSystemPolicy:FilesFileSystemPolicy": _policy,
}
