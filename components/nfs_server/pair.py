"""A pair of NFS servers and its witness: what may go together, and the files of each of the three hosts. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TypedDict

from typing_extensions import NotRequired

from .exports import NfsExport
from .files import STABLE, STAGE, HostFile, NfsFileSystem, NfsServerFiles, check_files, host_files
from .hosts import NfsNode, NfsWitness, host_mistakes
from .pair_files import (
    DRBD_PORT,
    GRACE_SECONDS,
    LEASE_SECONDS,
    WITNESS_PORT,
    drbd_resource,
    gate,
    keepalived,
    peers_only,
)

STATE = "/var/lib/kotaemon-nfs-state"
"""Where the small replicated volume with the server's memory of its clients is mounted."""
_RUNTIME = Path(__file__).parent / "runtime"
_SCRIPTS = ("pair_rules.py", "pair_words.py")
_SECRET = re.compile(r"[!#-\[\]-~]{8,64}")


class NfsReplication(str, Enum):
    """Generation of DRBD on the hosts. It is what their kernel has; both nodes must have the same one."""

    DRBD_9 = "9"
    """Three nodes with quorum; the witness is DRBD's diskless third node. LINBIT's packages have the module."""
    DRBD_8_4 = "8.4"
    """What the kernels of distributions have. It knows no quorum: the witness gives a lease (pair_rules.py)."""


class NfsFencing(str, Enum):
    """Who makes sure that only one node serves."""

    WITNESS = "witness"
    """A third host; a node that has neither the other nor the witness restarts itself."""
    NONE = "none"
    """Nobody. It is refused: two nodes that lose each other would both serve, and both lose data."""


class NfsPairFiles(TypedDict):
    """What the rendered files of a pair depend on."""

    export: NfsExport
    """What is exported."""
    nodes: Sequence[NfsNode]
    """The two nodes with data."""
    witness: NotRequired[NfsWitness]
    """The third host. Without it a pair is refused."""
    fencing: NotRequired[NfsFencing]
    """Who makes sure that only one node serves; default: the witness."""
    virtual_address: str
    """Address that the clients mount, with the length of its network: 10.0.0.10/24."""
    router_id: NotRequired[int]
    """VRRP's number of the virtual address, 1 to 255; default 51. Another pair in the same network needs another."""
    device: str
    """Empty disk for the data, at the same path on both nodes. DRBD is on it; LUKS goes below: /dev/mapper/<name>."""
    state_device: str
    """Small empty disk or partition, 64 MiB at least, for the server's memory of its clients; the same on both."""
    replication: NotRequired[NfsReplication]
    """Generation of DRBD; default 9."""
    file_system: NotRequired[NfsFileSystem]
    """Default xfs."""
    threads: NotRequired[int]
    """As in NfsServerFiles."""
    lease_seconds: NotRequired[int]
    """NFSv4 lease, 10 to 3600 seconds; default 10. The grace is at least 30: new locks wait for that long at most."""
    alert_percent: NotRequired[int]
    """As in NfsServerFiles."""


def served(pair: NfsPairFiles) -> NfsServerFiles:
    """What each node serves while it is the one."""
    files = NfsServerFiles(exports=[pair["export"]], lease_seconds=pair.get("lease_seconds", LEASE_SECONDS))
    if "threads" in pair:
        files["threads"] = pair["threads"]
    if "alert_percent" in pair:
        files["alert_percent"] = pair["alert_percent"]
    return files


def check_pair(pair: NfsPairFiles) -> list[str]:
    """Mistakes in what the files of a pair are rendered from."""
    found = [mistake.replace(f"exports[{pair['export']['path']}]", "export") for mistake in check_files(served(pair))]
    if NfsFencing(pair.get("fencing", NfsFencing.WITNESS)) == NfsFencing.NONE or "witness" not in pair:
        found.append(
            "witness: missing; two nodes that lose each other cannot tell a dead node from a cut cable. Both would "
            "serve, and what one of them acknowledged would be lost. Name a third host, however small"
        )
    if len(pair["nodes"]) != 2:
        return [*found, f"nodes: must be two, these are {len(pair['nodes'])}"]
    return [*found, *host_mistakes(pair), *_disks(pair)]


def _disks(pair: NfsPairFiles) -> Iterator[str]:
    for key in ("device", "state_device"):
        if not STABLE.fullmatch(pair[key]) or ".." in pair[key]:
            yield (
                f"{key}: {pair[key]!r} must be a path that always means the same disk, such as "
                "/dev/disk/by-id/virtio-data or /dev/vg0/nfs; names such as /dev/sdb change with a restart"
            )
    if pair["device"] == pair["state_device"]:
        yield f"state_device: {pair['state_device']!r} is also device; the server's memory needs a volume of its own"


def secret_mistakes(secret: str) -> Iterator[str]:
    """Why a text cannot be the secret of a pair."""
    if not _SECRET.fullmatch(secret):
        yield (
            "secret: must be 8 to 64 printable characters without spaces, quotes and backslashes; "
            "`openssl rand -hex 24` makes a good one"
        )


def node_files(pair: NfsPairFiles, number: int, secret: str) -> list[HostFile]:
    """The files of a node with data, 0 or 1. Node 0 makes the file systems, so it is set up last."""
    me, other = pair["nodes"][number], pair["nodes"][1 - number]
    replication = NfsReplication(pair.get("replication", NfsReplication.DRBD_9)).value
    witness = _witness(pair)
    path = pair["export"]["path"]
    texts = {
        "pair": f"{me['name']} {other['name']} {witness['address']} {WITNESS_PORT} {replication}\n",
        "pair-devices": f"{pair['device']}\n{pair['state_device']}\n",
        "pair-mounts": f"{path}\n{STATE}\n",
        "pair-system": f"{NfsFileSystem(pair.get('file_system', NfsFileSystem.XFS)).value}\n",
        "pair-scope": f"{pair['virtual_address'].partition('/')[0]}\n",
        "pair-gate.nft": gate(),
        "keepalived.conf": keepalived(pair, number),
    }
    if number == 0:
        texts["pair-first"] = ""
    files = [_with_state(file, pair) for file in host_files(served(pair), mounts=[path])]
    scripts = [*_SCRIPTS, "pair_disk.py", "warden.py"]
    return sorted([*files, *_files(texts, scripts), *_common(pair, [other["address"]], secret, drbd=True)], key=_path)


def witness_files(pair: NfsPairFiles, secret: str) -> list[HostFile]:
    """The files of the witness."""
    witness, nodes = _witness(pair), pair["nodes"]
    drbd = NfsReplication(pair.get("replication", NfsReplication.DRBD_9)) == NfsReplication.DRBD_9
    texts = {"witness": " ".join([witness["address"], str(WITNESS_PORT), *(node["name"] for node in nodes)]) + "\n"}
    install = HostFile(f"{STAGE}/install.sh", (_RUNTIME / "install.sh").read_text(), 0o755)
    common = _common(pair, [node["address"] for node in nodes], secret, drbd=drbd)
    return sorted([install, *_files(texts, [*_SCRIPTS, "witness.py"]), *common], key=_path)


def _common(pair: NfsPairFiles, others: Sequence[str], secret: str, *, drbd: bool) -> list[HostFile]:
    witness = _witness(pair)["address"]
    everybody = sorted({*others, *(node["address"] for node in pair["nodes"]), witness})
    found = [
        HostFile(f"{STAGE}/pair-secret", f"{secret}\n", 0o600),
        HostFile(f"{STAGE}/pair.nft", peers_only(everybody, (DRBD_PORT, WITNESS_PORT))),
        *_files({}, ["pair.sh"]),
    ]
    return [*found, HostFile(f"{STAGE}/drbd.res", drbd_resource(pair, secret), 0o600)] if drbd else found


def _files(texts: dict[str, str], runtime: Sequence[str]) -> list[HostFile]:
    found = {**texts, **{name: (_RUNTIME / name).read_text() for name in runtime}}
    scripts = ("warden.py", "witness.py")
    return [HostFile(f"{STAGE}/{name}", text, 0o755 if name in scripts else 0o644) for name, text in found.items()]


def _with_state(file: HostFile, pair: NfsPairFiles) -> HostFile:
    """The server's memory of its clients is on the replicated volume (nfsdcld(8)), and it waits for all of them."""
    if file.path != f"{STAGE}/nfs.conf":
        return file
    lease = pair.get("lease_seconds", LEASE_SECONDS)
    text = file.text.replace(f"grace-time={lease}\n", f"grace-time={max(lease, GRACE_SECONDS)}\n")
    return replace(file, text=f"{text}[nfsdcld]\nstoragedir={STATE}/nfsdcld\n")


def _witness(pair: NfsPairFiles) -> NfsWitness:
    if "witness" not in pair:
        raise ValueError("a pair without a witness has no files")
    return pair["witness"]


def _path(file: HostFile) -> str:
    return file.path
