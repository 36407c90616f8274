"""A JuiceFS file system as a claim: chunks in a bucket, names in a database, mounted by its CSI driver."""

import re
from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs, SecretReferenceArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim, Locks, Medium
from ..quantity import gib, refused_size
from ..refusal import because, refuse
from ..volumes.names import cluster_wide
from ..volumes.static import static_claim, volume_spec
from .mounted import SIZE

DRIVER = "csi.juicefs.com"
METADATA_BACKUP = "backup-meta=1h"
"""The client writes a dump of the metadata into the bucket (JuiceFS: `juicefs mount --backup-meta`). With more than a
million files it makes none at an interval of an hour or less (juicefs v1.4: pkg/vfs/backup.go)."""
_LEAST_INTERVAL = 300
"""Seconds between two dumps at least."""
_REFUSED = {
    "writeback": "acknowledges a write before it is in the bucket; what was not uploaded is lost with the mount pod "
    "(JuiceFS CSI: production recommendations)",
    "upload-delay": "delays the upload of acknowledged writes, as writeback does",
}


class JuicefsStorageArgs(TypedDict):
    """Arguments of JuicefsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    secret_name: str
    """Secret with the keys name, metaurl, storage, bucket, access-key and secret-key (JuiceFS CSI: volume credentials).
    The metadata engine in `metaurl` is a system of record: without it the chunks in the bucket are no files."""
    secret_namespace: NotRequired[Input[str]]
    """Namespace of that Secret; default: `namespace`."""
    mount_service_account: NotRequired[str]
    """Service account of the mount pods, in the driver's namespace, for a role of the cloud in place of keys in the
    Secret; default: that of the driver."""
    mount_options: NotRequired[Sequence[str]]
    """Options of `juicefs mount`, without `--`. `writeback` is refused, and metadata is dumped into the bucket every
    hour unless another interval is given."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 1Ti. A static volume has no quota (JuiceFS CSI: static provisioning)."""
    encrypted_by: NotRequired[str]
    """Who encrypts the bucket, for the storage table; default "nobody known"."""
    protect: NotRequired[bool]
    """Refuse to delete volume and claim; default true. They are kept on deletion in any case."""


def option_refused(option: str) -> str:
    """Why an option of the mount is not allowed; empty when it is. `writeback_cache`, the kernel's own cache, is."""
    if "," in option:  # the driver joins options by commas, and JuiceFS takes them apart again
        return next((reason for part in option.split(",") if (reason := option_refused(part))), "")
    name, _, value = option.strip().removeprefix("--").replace(" ", "=", 1).partition("=")
    if name in _REFUSED and value.lower() not in ("false", "0"):
        return f"{option!r} is not allowed: it {_REFUSED[name]}"
    if name == "backup-meta":
        return _interval_refused(option, value)
    return ""


def _interval_refused(option: str, value: str) -> str:
    """Why metadata cannot be dumped so often (juicefs v1.4: cmd/mount.go; utils.Duration: seconds without a unit)."""
    if re.fullmatch(r"0+[a-z]*|", value):
        return f"{option!r} is not allowed: the dump of the metadata in the bucket is its backup"
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "": 1}
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms]?)", value)
    if "".join(number + unit for number, unit in parts) != value:
        return f"{option!r} is not allowed: an interval is written as 1h, 90m or 1h30m"
    if sum(float(number) * units[unit] for number, unit in parts) < _LEAST_INTERVAL:
        return f"{option!r} is not allowed: under 5 minutes the mount ends with an error (juicefs: cmd/mount.go)"
    return ""


def check(name: str, args: JuicefsStorageArgs) -> list[str]:
    """Mistakes in the arguments of JuicefsStorage(name, args); none: it can be made."""
    return [
        *because("secret_name", "" if args["secret_name"] else "empty; it is the Secret of the file system"),
        *because("size", refused_size(args.get("size", SIZE))),
        *(
            line
            for option in args.get("mount_options", ())
            for line in because("mount_options", option_refused(option))
        ),
    ]


def juicefs_claim(name: str, args: JuicefsStorageArgs) -> Claim:
    """The claim that JuicefsStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("JuicefsStorage", name, check(name, args))
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWX,
        medium=Medium.OBJECT,  # the bucket holds its chunks; `backend` says that it is a whole file system
        backend="juicefs",
        size_gib=gib(args.get("size", SIZE), "size"),
        zones=[],
        encrypted_by=args.get("encrypted_by", "nobody known"),
        locks=Locks.SHARED,  # the metadata engine arbitrates
        fs_group=False,  # a chown of every file at every start
    )


def mount_options(args: JuicefsStorageArgs) -> list[str]:
    """The options given, and the hourly dump of the metadata."""
    given = list(args.get("mount_options", ()))
    named = any(option.strip().removeprefix("--").startswith("backup-meta") for option in given)
    return given if named else [*given, METADATA_BACKUP]


def juicefs_volume(args: JuicefsStorageArgs, claim: Claim) -> PersistentVolumeSpecArgs:
    """The static volume. Parameters: juicefs-csi-driver, docs/en/guide/pv.md."""
    account = args.get("mount_service_account")
    source = CSIPersistentVolumeSourceArgs(
        driver=DRIVER,
        volume_handle=cluster_wide(args["namespace"], claim["name"]),
        fs_type="juicefs",
        volume_attributes={"juicefs/mount-service-account": account} if account is not None else None,
        node_publish_secret_ref=SecretReferenceArgs(
            name=args["secret_name"], namespace=args.get("secret_namespace", args["namespace"])
        ),
    )
    return volume_spec(claim, args["namespace"], source, mount_options(args))


class JuicefsStorage(pulumi.ComponentResource):
    """A static volume and claim on a file system that is there. Deleting them deletes none of its data."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: JuicefsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = juicefs_claim(name, args)
        super().__init__("kotaemon:index:JuicefsStorage", name, None, opts)
        self.claim = claim
        spec = juicefs_volume(args, claim)
        static_claim(name, claim, args["namespace"], spec, parent=self, protect=args.get("protect", True))
        self.register_outputs({"claim": self.claim})
