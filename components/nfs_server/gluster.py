"""A pair of NFS-Ganesha servers on a GlusterFS volume: what may go together, and the files of each host. Pure."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from typing_extensions import NotRequired

from ..refusal import because
from .exports import NfsExport, NfsSecurity, refused_path
from .files import STAGE, HostFile, NfsServerFiles, check_files, host_files, warnings
from .gluster_files import DEFAULT_VOLUME, EXPORTED, MOUNT, firewall, ganesha_conf, volume_options
from .hosts import NfsNode, NfsWitness, addresses, host_mistakes
from .pair_files import LEASE_SECONDS, keepalived

WHY_NOT = (
    "GlusterFS with NFS-Ganesha is for those who already run it. Do not start with it: Red Hat ended Red Hat Gluster "
    "Storage on 2024-12-31 and disbanded its team (gluster/glusterfs#4298), and NFS-Ganesha means to retire its module "
    "for it and supports nobody with it (nfs-ganesha/nfs-ganesha#1249, 2025-04-07). A pair on DRBD, a managed file "
    "system or CephFS is the better start; docs/nfs-ha.md says more"
)
"""Said at every run."""
_RUNTIME = Path(__file__).parent / "runtime"
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_FROM_HOST_FILES = ("alert-percent", "folders", "install.sh", "paths", "size-alert.sh")


class NfsGlusterFiles(TypedDict):
    """What the rendered files of a pair on GlusterFS depend on."""

    export: NfsExport
    """What is exported. Clients mount its `path`; on the servers it is the folder `kotaemon` of the volume."""
    nodes: Sequence[NfsNode]
    """The two nodes that serve. With `brick` they have the data, too."""
    witness: NotRequired[NfsWitness]
    """The third host, with the arbiter's brick: names and sizes of files, no data. Only with `brick`."""
    virtual_address: str
    """Address that the clients mount, with the length of its network: 10.0.0.10/24."""
    router_id: NotRequired[int]
    """VRRP's number of the virtual address, 1 to 255; default 51."""
    volume: NotRequired[str]
    """Name of the volume; default kotaemon."""
    brick: NotRequired[str]
    """Directory of the brick, the same on all three hosts, on a file system of its own, empty or absent: the volume is
    made of the three. Default: the volume is there already, in a pool to which both nodes belong; nothing of it is
    changed but that it gets two folders, `kotaemon` and `.kotaemon-nfs`."""
    lease_seconds: NotRequired[int]
    """NFSv4 lease, 10 to 120 seconds; default 10. The grace is at least 30."""
    alert_percent: NotRequired[int]
    """As in NfsServerFiles."""


def served(pair: NfsGlusterFiles) -> NfsServerFiles:
    """What each node serves while it is the one."""
    files = NfsServerFiles(exports=[pair["export"]], lease_seconds=pair.get("lease_seconds", LEASE_SECONDS))
    if "alert_percent" in pair:
        files["alert_percent"] = pair["alert_percent"]
    return files


def check_gluster(pair: NfsGlusterFiles) -> list[str]:
    """Mistakes in what the files are rendered from."""
    found = [mistake.replace(f"exports[{pair['export']['path']}]", "export") for mistake in check_files(served(pair))]
    found += [*_ganesha(pair), *_volume(pair)]
    if len(pair["nodes"]) != 2:
        return [*found, f"nodes: must be two, these are {len(pair['nodes'])}"]
    return [*found, *host_mistakes(pair)]


def gluster_warnings(pair: NfsGlusterFiles) -> list[str]:
    """What is said at every run."""
    return [WHY_NOT, *warnings(served(pair))]


def _ganesha(pair: NfsGlusterFiles) -> Iterator[str]:
    """What the kernel's server can do and Ganesha, as it is set up here, cannot."""
    export = pair["export"]
    if NfsSecurity(export.get("security", NfsSecurity.SYS)) != NfsSecurity.SYS:
        yield "export.security: krb5p is not set up for NFS-Ganesha here; use sys, or a pair on DRBD"
    if "transport" in export:
        yield "export.transport: NFS-Ganesha has no TLS here; leave it out, or use a pair on DRBD"
    for client in export["clients"]:
        if ":" in client:
            yield f"export.clients: {client!r} is IPv6; the virtual address of the pair is IPv4"
    if 120 < pair.get("lease_seconds", LEASE_SECONDS) <= 3600:
        yield f"lease_seconds: {pair.get('lease_seconds')} is not allowed; NFS-Ganesha takes 120 at most"


def _volume(pair: NfsGlusterFiles) -> Iterator[str]:
    volume = pair.get("volume", DEFAULT_VOLUME)
    if not _VOLUME.fullmatch(volume):
        yield f"volume: {volume!r} must be letters, digits, '-' and '_', 63 at most"
    if "brick" in pair:
        yield from _brick(pair["brick"], pair["export"]["path"])
        if "witness" not in pair:
            yield (
                "witness: missing; two bricks that lose each other cannot tell a dead host from a cut cable. Name a "
                "third host for the arbiter's brick, however small"
            )
    elif "witness" in pair:
        yield "witness: only means something beside brick: a volume that exists has its hosts; leave it out"


def _brick(brick: str, path: str) -> Iterator[str]:
    yield from because("brick", refused_path(brick).replace("export a directory", "give the brick a directory"))
    if brick == path or brick.startswith(f"{path}/") or path.startswith(f"{brick}/"):
        yield f"brick: {brick!r} and the export's path {path!r} are in each other; nobody may reach a brick by itself"
    if brick.count("/") < 2:
        yield f"brick: {brick!r} must be a directory in the root of a mounted disk, for example /srv/brick/kotaemon"


def node_files(pair: NfsGlusterFiles, number: int) -> list[HostFile]:
    """The files of a node, 0 or 1. Node 0 makes pool, volume and folders, so it is set up last."""
    export = pair["export"]
    texts = {
        "pair-ganesha.conf": ganesha_conf(pair),
        "keepalived.conf": keepalived(pair, number),
        "pair-mount": f"{MOUNT}\n",
        "pair-served": f"{export['path']}\n",
        "pair-me": f"{pair['nodes'][number]['name']}\n",
        "warden.py": (_RUNTIME / "gluster_warden.py").read_text(),
        **{name: (_RUNTIME / name).read_text() for name in ("gluster_lease.py", "nfs_answer.py")},
    }
    if number == 0:
        texts["pair-first"] = ""
        others = [pair["nodes"][1], *([pair["witness"]] if "witness" in pair else [])]
        texts["gluster-peers"] = "".join(f"{host['address']}\n" for host in others)
    # On the server the export is a folder of the mounted volume: that is filled, watched and given an owner.
    there, inside = served(pair), export.copy()
    inside["path"] = EXPORTED
    there["exports"] = [inside]
    names = {f"{STAGE}/{name}" for name in _FROM_HOST_FILES}
    common = [file for file in host_files(there) if file.path in names]
    return sorted([*common, *_of_all(pair, served(pair)), *_files(texts)], key=_path)


def arbiter_files(pair: NfsGlusterFiles) -> list[HostFile]:
    """The files of the third host."""
    install = HostFile(f"{STAGE}/install.sh", (_RUNTIME / "install.sh").read_text(), 0o755)
    return sorted([install, *_of_all(pair, None)], key=_path)


def _of_all(pair: NfsGlusterFiles, files: NfsServerFiles | None) -> list[HostFile]:
    return _files(
        {
            "pair.sh": (_RUNTIME / "pair.sh").read_text(),
            "gluster.sh": (_RUNTIME / "gluster.sh").read_text(),
            "gluster": f"{pair.get('volume', DEFAULT_VOLUME)}\n{pair.get('brick', '')}\n",
            "gluster-hosts": "".join(f"{address}\n" for address in addresses(pair)),
            "gluster-options": "".join(f"{name} {value}\n" for name, value in volume_options(pair).items()),
            "pair.nft": firewall(pair, files),
        }
    )


def _files(texts: dict[str, str]) -> list[HostFile]:
    return [HostFile(f"{STAGE}/{name}", text, 0o755 if name == "warden.py" else 0o644) for name, text in texts.items()]


def _path(file: HostFile) -> str:
    return file.path
