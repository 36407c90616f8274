"""Write docs/storage-classes.md from the table of drivers: `python -m guard.class_docs`. A test keeps it up to date."""

from pathlib import Path

from guard.classes import Bound, Driver
from guard.drivers import DRIVERS
from guard.table import UNKNOWN

PATH = Path(__file__).parent.parent / "docs" / "storage-classes.md"

_INTRO = """\
# A StorageClass is what its driver makes

<!-- Written by `python -m guard.class_docs` from guard/drivers.py and the rows beside it. Do not edit. -->

Claims of kind `storage-class` and the bundled stores take a StorageClass that the cluster has. Its name says nothing:
`efs-sc` and `fast` may both be EFS. So the driver (`provisioner`) of the class is looked up in the table below, and the
guard judges the claim as it judges the same storage under its own kind.

- **`pulumi preview` and `pulumi up`** ask the cluster, once, before anything is registered, with kubeconfig and context
  of `kotaemon:cluster`. They need the right to `get` the StorageClasses that the stack uses, and wait 20 s at most.
- **`make plan`** asks no cluster: `kotaemon:storage.classes` in the stack file says what the classes are.
- **The StorageProfile** of a class (KubeVirt, `cdi.kubevirt.io/v1beta1`) says the access modes of a driver that is not
  in the table, where the cluster has one and the right to `get` it is there.
- **Where neither says it**, the rule `class-unknown` warns with the reason, and no move to another node is promised.

What the cluster says of its driver goes before the stack file, and a difference is said. A class that the cluster does
not have is a mistake. A kubeconfig that is made during the run (`alicloud.clusterId`) cannot be used before it: write
`classes` there.

```yaml
kotaemon:storage:
  claims:
    files: {kind: storage-class, storageClass: shared, accessMode: ReadWriteMany, size: 200Gi, encryptedBy: Ceph}
    disk: {kind: storage-class, storageClass: san, size: 50Gi, encryptedBy: the array}
  classes:
    shared: {provisioner: rook-ceph.cephfs.csi.ceph.com}
    san: {standsOn: disk, boundTo: nothing} # a driver that is not in the table: its owner says what it makes
```

- `provisioner`, `parameters`, `mountOptions`: as `kubectl get storageclass <name> -o yaml` shows them.
- `standsOn`, for a driver that is not in the table: `disk`, `node` (a folder on one node), a file system (`nfs4`,
  `cephfs` ...) or `object`. About a driver of the table it does not count.
- `boundTo`, with `standsOn`: `nothing`, `zone` or `node`. Default: `nothing` for files; for a disk it is not known.
- `realLocks` (default true) and `accessModes`, with `standsOn`: whether all nodes see a lock, and what is made.

A class that mounts with an option that loses data (`soft`, `softerr`, `nobarrier`, `writeback` of JuiceFS) is refused
by the rule `class-loses-data`. Several options in one entry are read as the mount command reads them.

An access mode that the driver does not make is refused: the claim would stay Pending. `ReadWriteMany` gives shared
files for the profile `scaled`. The pod makes the folders of its roles itself, so the root of a new volume has to be
writable for it: classes of CephFS, NFS and Longhorn are so; a class of EFS needs the stack's `uid` and `gid` among its
parameters.

## The table

"Locks" are those that two pods on two nodes share. Options decide them for NFS (`nolock`), NAS (version 4.0 without
`nolock`) and Lustre (`flock`). A day beside the source: the row was held against that version of it then.

| driver | makes | access modes | locks | bound to | grows | snapshots | when its node dies |
|---|---|---|---|---|---|---|---|
"""

_OUTRO = """
Every other driver is unknown until `standsOn` says what it makes. Whether a class lets volumes grow
(`allowVolumeExpansion`) and where it binds is the class's own; the table says what the driver can.
"""
_BOUND = {Bound.EVERYWHERE: "nothing", Bound.ZONE: "its zone", Bound.NODE: "**its node**"}


def text() -> str:
    """The text of docs/storage-classes.md."""
    return "".join([_INTRO, *(_row(row) for row in DRIVERS), _OUTRO])


def _row(row: Driver) -> str:
    named = ", ".join(f"`{name}`" for name in row.provisioners)
    only = " or ".join(f"`{key}: {' or '.join(values)}`" for key, values in row.with_parameters.items())
    if row.backend == UNKNOWN:
        return f"| {named} | {_named(row)} |{' not known |' * 6}\n"
    cells = (
        named + (f" with {only}" if only else ""),
        _named(row),
        ", ".join(mode.name for mode in row.modes),
        row.locks.value + (" (by options)" if row.reads_options else ""),
        _BOUND[row.bound],
        "yes" if row.expands else "no",
        "yes" if row.snapshots else "no",
        row.node_loss,
    )
    return f"| {' | '.join(cells)} |\n"


def _named(row: Driver) -> str:
    opened = f", read {row.read}" if row.read else ""
    return f"{row.name} ([source]({row.source}){opened})" + (f"; {row.remark}" if row.remark else "")


if __name__ == "__main__":
    PATH.write_text(text())
