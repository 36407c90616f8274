"""Mount options that lose locks or data, wherever they are written: the guard and the policy read them here. Pure data.

nolock, local_lock, soft, softerr, softreval: nfs(5), https://man7.org/linux/man-pages/man5/nfs.5.html; localflock,
noflock: Lustre, https://kernel.org/doc/readme/drivers-staging-lustre-README.txt; nobrl: mount.cifs(8); nobarrier,
barrier, data: ext4, https://docs.kernel.org/admin-guide/ext4.html; writeback: JuiceFS,
https://juicefs.com/docs/csi/guide/cache.
"""

from collections.abc import Iterable, Iterator, Mapping

_ONE_NODE = "locks stay on the node: two pods on two nodes both get the lock of one file"
_AT_TIME_OUT = "a time-out is an error for the writer: data that it believes written is lost"
_ON_POWER_LOSS = "writes are not ordered any more: a power loss breaks the file system"
LOSES_LOCKS: Mapping[str, str] = {
    "nolock": _ONE_NODE,
    "local_lock=all": _ONE_NODE,
    "local_lock=flock": _ONE_NODE,
    "local_lock=posix": _ONE_NODE,
    "localflock": _ONE_NODE,
    "noflock": "every call for a lock fails",
    "nobrl": _ONE_NODE,
}
"""Option -> what becomes of locks."""
LOSES_DATA: Mapping[str, str] = {
    "soft": _AT_TIME_OUT,
    "softerr": _AT_TIME_OUT,
    "softreval": "old names and attributes are served while the server is away",
    "nobarrier": _ON_POWER_LOSS,
    "barrier=0": _ON_POWER_LOSS,
    "data=writeback": "after a crash old data shows up in new files",
    "writeback": "data that the pod believes written is on the node until it is uploaded, and lost with it",
}
"""Option -> what is lost."""
LOSING: Mapping[str, str] = {**LOSES_LOCKS, **LOSES_DATA}
IN_PARAMETERS = ("options", "nfsOptions", "mountOptions", "mount-options", "sharedv4_mount_options")
"""Parameters of classes and attributes of volumes that hold mount options: of the drivers of NAS, Longhorn, NFS,
Filestore, Portworx."""


def words(options: Iterable[object]) -> Iterator[str]:
    """Each option of a list of options. An entry may hold several: they are joined by commas for mount(8) anyhow."""
    for entry in options:
        yield from str(entry).replace(",", " ").split()


def in_parameters(parameters: Mapping[str, str]) -> Iterator[str]:
    """The mount options among the parameters of a class."""
    yield from words(parameters.get(key, "") for key in IN_PARAMETERS)
