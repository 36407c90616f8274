"""An export of an existing NFS server as a ReadWriteMany claim."""

import ipaddress
from collections.abc import Sequence
from enum import Enum
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, NFSVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim, Locks, Medium
from ..quantity import gib, refused_size
from ..refusal import because, refuse
from ..volumes.names import cluster_wide
from ..volumes.static import static_claim, volume_spec
from .nfs_services import NfsService, in_cluster, service_of

DEFAULT_OPTIONS = (
    "vers=4",  # one port, locks of its own; mount.nfs tries 4.2, 4.1 and 4.0. A minor version would never step down
    "hard",
    "proto=tcp",
    "timeo=600",
    "retrans=2",
    "rsize=1048576",  # 1 MiB, the largest: fewer round trips for weights and documents
    "wsize=1048576",
    "nconnect=8",
    "noatime",
    "actimeo=30",  # seconds; fewer GETATTR, and another pod's change is seen that late
)
"""Mount options for many small files and several pods (nfs(5); docs/facts/storage.md 5.2). A managed service that takes
others has its row in components/file/nfs_services.py."""

_SAME_KEY = {
    "nfsvers": "vers",
    "tcp": "proto",
    "udp": "proto",
    "nolock": "lock",
    "nocto": "cto",
    "nosharecache": "sharecache",
    "atime": "noatime",
    "relatime": "noatime",
}
_VERSIONS = ("3", "4", "4.0", "4.1", "4.2")
_NEVER = {
    "soft": "a soft mount reports success for writes that it has lost (nfs(5)); use hard",
    "softerr": "a softerr mount reports errors for writes that it has lost (nfs(5)); use hard",
    "softreval": "it serves stale names and attributes while the server is away (nfs(5)); leave it out",
    "nocto": "without close-to-open consistency other pods read stale data (nfs(5)); leave it out",
    "ro": "roles that are written share this claim; mark single roles read-only instead",
    "bg": "the mount would succeed before the server answers, and the pod would write to the node's disk; leave it out",
}
_NODE_LOCAL = "locks would be local to each node, and two pods would corrupt one file without an error"


class NfsDriver(str, Enum):
    """Who mounts the export."""

    IN_TREE = "in-tree"
    """The kubelet itself: nothing to install but mount.nfs on the nodes."""
    CSI = "csi"
    """`nfs.csi.k8s.io`: remounts a stale handle when a pod starts. Give the export's root the pod's gid and mode 2775
    where the same pod has a claim with fsGroup: this driver lets the kubelet chown otherwise (csi-driver-nfs#894)."""


class NfsStorageArgs(TypedDict):
    """Arguments of NfsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    server: Input[str]
    """Host name or address of the server, or of the VIP that follows it. Immutable in a volume: never a single node."""
    path: Input[str]
    """Exported path, absolute."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 100Gi. NFS does not enforce it."""
    driver: NotRequired[NfsDriver]
    """Who mounts the export; default in-tree, which needs no driver in the cluster."""
    mount_options: NotRequired[list[str]]
    """Added to DEFAULT_OPTIONS; an option of the same name replaces the default."""
    without_options: NotRequired[list[str]]
    """Names of default options that are left out, such as nconnect or actimeo; default none. `vers` cannot be left out:
    the claim says by it which locks it has."""
    allow_nolock: NotRequired[bool]
    """Accept `nolock` and `local_lock`; default false. Locks are then local to each node."""
    encrypted_by: NotRequired[str]
    """Who encrypts the server's disks, for the storage table; default "nobody known"."""
    protect: NotRequired[bool]
    """Refuse to delete the volume and the claim; default true. They are kept on deletion in any case."""


def refused_option(option: str, *, allow_nolock: bool = False) -> str:
    """Why a mount option is not allowed on a claim that several pods write to; empty when it is allowed."""
    name, _, value = option.partition("=")
    if not name or any(char in ", \t\n" for char in option):
        return "one option an entry, without commas or spaces"
    if reason := _NEVER.get(name):
        return reason
    if _node_local(option) and not allow_nolock:
        return f"{_NODE_LOCAL}; allowNolock: true accepts that"
    if name in ("vers", "nfsvers") and value not in _VERSIONS:
        return f"the versions are {', '.join(_VERSIONS)}"
    return ""


NO_MOUNT_NFS = (
    "in-tree NFS is mounted by mount.nfs of the node, which Bottlerocket and so every node of EKS Auto Mode lacks "
    "(bottlerocket-os/bottlerocket#4022); install csi-driver-nfs and write driver: csi"
)
BOTTLEROCKET_OPTION = "vers=4.1"
"""What csi-driver-nfs mounts on Bottlerocket: not 4.2, which vers=4 tries first (kubernetes-csi/csi-driver-nfs#801)."""


def bottlerocket_mistakes(options: Sequence[str]) -> list[str]:
    """The mount options by which csi-driver-nfs would not mount on Bottlerocket."""
    return [
        f"{option!r} is not allowed: on Bottlerocket csi-driver-nfs mounts {BOTTLEROCKET_OPTION} "
        "(kubernetes-csi/csi-driver-nfs#801); leave it out"
        for option in options
        if _key(option) == "vers" and option.partition("=")[2] != "4.1"
    ]


def option_mistakes(options: Sequence[str], *, allow_nolock: bool = False) -> list[str]:
    """The mount options that are not allowed, each with the reason."""
    refused = {option: refused_option(option, allow_nolock=allow_nolock) for option in options}
    return [f"{option!r} is not allowed: {reason}" for option, reason in refused.items() if reason]


def defaults_for(server: object) -> dict[str, str]:
    """Name -> option, for every default option of a server: those of its service, where it is one of a service."""
    found = {_key(option): option for option in DEFAULT_OPTIONS}
    if _is_ipv6(server):
        found["proto"] = "proto=tcp6"
    service = service_of(server)
    if service is None:
        return found
    found["vers"] = f"vers={service.versions[0]}"
    found |= {_key(option): option for option in service.options}
    return {name: option for name, option in found.items() if name not in service.without}


def mount_options(
    extra: list[str], *, allow_nolock: bool = False, server: object = "", without: Sequence[str] = ()
) -> list[str]:
    """The default options with `extra` added; an option of the same name replaces. Raises pulumi.RunError.

    `server`: of a managed service, whose own defaults are taken then. `without`: names of defaults that are left out.
    """
    for mistake in option_mistakes(extra, allow_nolock=allow_nolock):
        raise pulumi.RunError(f"mount option {mistake}")
    kept = {name: option for name, option in defaults_for(server).items() if name not in without}
    return list((kept | {_key(option): option for option in extra}).values())


def without_mistakes(names: Sequence[str], server: object = "") -> list[str]:
    """The names that cannot be left out, each with the reason."""
    known = [name for name in defaults_for(server) if name != "vers"]
    refused = [name for name in names if name not in known]
    return [
        f"{name!r} is not allowed; the default options that can be left out: {', '.join(known)}" for name in refused
    ]


def _is_ipv6(server: object) -> bool:
    """Whether the server is given by an IPv6 address."""
    return isinstance(server, str) and ":" in server


def address_mistakes(server: object, options: Sequence[str]) -> list[str]:
    """Transports that cannot reach the server: tcp and udp are those of IPv4.

    mount.nfs then answers "Address family for hostname not supported" (NixOS/nixpkgs#109693; read 29 November 2026).
    """
    return [
        f"{option!r} is not allowed: {server} is an IPv6 address, which needs proto=tcp6; leave it out, as that is the "
        "default there"
        for option in options
        if _is_ipv6(server) and _key(option) == "proto" and option.rpartition("=")[2] in ("tcp", "udp")
    ]


def _loopback(server: object) -> bool:
    if server == "localhost":
        return True
    try:
        return isinstance(server, str) and ipaddress.ip_address(server).is_loopback
    except ValueError:
        return False


def server_mistakes(server: object, *, in_tree: bool) -> list[str]:
    """Why the node could not find the server."""
    if _loopback(server):
        return [
            f"{server!r} is each node itself, so every node would mount another export; give the address by which all "
            "nodes reach the server"
        ]
    if in_tree and in_cluster(server):
        return [
            f"{server!r} is a name that only pods can resolve, and in-tree NFS is mounted by the node; give an address "
            "(the clusterIP of the Service), a name that the nodes resolve, or driver csi, which asks the cluster's DNS"
        ]
    return []


def service_mistakes(server: object, options: Sequence[str]) -> list[str]:
    """Versions of NFS that a managed service does not speak."""
    service = service_of(server)
    if service is None:
        return []
    versions = [option.partition("=")[2] for option in options if _key(option) == "vers"]
    allowed = {*service.versions, *(("4",) if "4.0" in service.versions else ())}
    unlocked = [version for version in versions if version.isdigit() and int(version) < service.locks_from]
    if unlocked and unlocked[0] in allowed and not any(map(_node_local, (*service.options, *options))):
        return [f"'vers={unlocked[0]}' needs nolock (and allowNolock: true): {service.name} keeps no locks for it"]
    return [
        f"'vers={version}' is not allowed: {service.name} speaks {', '.join(service.versions)} ({service.source})"
        for version in versions
        if version not in allowed
    ]


def check(name: str, args: NfsStorageArgs) -> list[str]:
    """Mistakes in the arguments of NfsStorage(name, args); none: it can be made."""
    options, path, server = args.get("mount_options", []), args["path"], args["server"]
    in_tree = args.get("driver", NfsDriver.IN_TREE) == NfsDriver.IN_TREE
    return [
        *because("server", *server_mistakes(server, in_tree=in_tree)),
        *because("path", _path_refused(path) if isinstance(path, str) else ""),
        *because("mount_options", *option_mistakes(options, allow_nolock=args.get("allow_nolock", False))),
        *because("mount_options", *service_mistakes(server, options), *address_mistakes(server, options)),
        *because("without_options", *without_mistakes(args.get("without_options", []), server)),
        *because("size", refused_size(args.get("size", "100Gi"))),
    ]


def _path_refused(path: str) -> str:
    if not path.startswith("/"):
        return f"{path!r} is not allowed; an exported path is absolute"
    if any(part in (".", "..") for part in path.split("/")):
        return (
            f"{path!r} is not allowed; an exported path has no parts . and .., since each server resolves them its way"
        )
    return ""


def nfs_claim(name: str, args: NfsStorageArgs) -> Claim:
    """The claim that NfsStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("NfsStorage", name, check(name, args))
    options = _options(args)
    version = next(option.partition("=")[2] for option in options if _key(option) == "vers")
    service = service_of(args["server"])
    real = not any(map(_node_local, options)) and (service is None or int(version[0]) >= service.locks_from)
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=_backend(service, version[0]),
        size_gib=gib(args.get("size", "100Gi"), "size"),
        zones=[],
        encrypted_by=args.get("encrypted_by", "nobody known"),
        locks=Locks.SHARED if real else Locks.NODE_LOCAL,
        # In-tree NFS ignores fsGroup, and a squashing server refuses the chown: the role folders belong to the pod's
        # user before it starts (components/pod/preparation.py).
        fs_group=False,
    )


def _backend(service: NfsService | None, major: str) -> str:
    if service is None or not service.backend:
        return f"nfs{major}"
    return f"nas{major}" if service.backend == "nas" else service.backend


def _options(args: NfsStorageArgs) -> list[str]:
    return mount_options(
        args.get("mount_options", []),
        allow_nolock=args.get("allow_nolock", False),
        server=args["server"],
        without=args.get("without_options", []),
    )


def no_locks(why: str) -> dict[str, str]:
    """The annotation of a volume whose locks stay on the node, and which the guard judges so."""
    return {"policy.kotaemon.dev/mount-options": f"{why}; the guard counts locks of this claim as node-local"}


def excepted(args: NfsStorageArgs) -> dict[str, str] | None:
    """The exception from our own policy for locks that stay on the node; None: the mount loses none.

    The claim says node-local locks, so the guard has judged every role by them.
    """
    if not any(map(_node_local, _options(args))):
        return None
    service = service_of(args["server"])
    why = f"{service.name} keeps no locks" if service is not None and not args.get("allow_nolock") else "allowNolock"
    return no_locks(why)


def nfs_volume_spec(args: NfsStorageArgs, claim: Claim) -> PersistentVolumeSpecArgs:
    """The static volume on the export."""
    options = _options(args)
    if args.get("driver", NfsDriver.IN_TREE) == NfsDriver.CSI:
        source = CSIPersistentVolumeSourceArgs(
            driver="nfs.csi.k8s.io",
            # any string that is unique in the cluster (csi-driver-nfs docs/driver-parameters.md)
            volume_handle=cluster_wide(args["namespace"], claim["name"]),
            volume_attributes={"server": args["server"], "share": args["path"]},
        )
    else:
        source = NFSVolumeSourceArgs(server=args["server"], path=args["path"])
    return volume_spec(claim, args["namespace"], source, options)


class NfsStorage(pulumi.ComponentResource):
    """A static volume on an existing NFS export and the claim on it. Makes nothing on the server."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: NfsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = nfs_claim(name, args)
        super().__init__("kotaemon:index:NfsStorage", name, None, opts)
        self.claim = claim
        spec = nfs_volume_spec(args, self.claim)
        protect = args.get("protect", True)
        static_claim(
            name, self.claim, args["namespace"], spec, parent=self, protect=protect, annotations=excepted(args)
        )
        self.register_outputs({"claim": self.claim})


def _key(option: str) -> str:
    name = option.partition("=")[0]
    if name in ("hard", "soft", "softerr", "softreval"):
        return "hard"
    return _SAME_KEY.get(name, name)


def _node_local(option: str) -> bool:
    name, _, value = option.partition("=")
    return name == "nolock" or (name == "local_lock" and value != "none")
