"""Real StorageClass objects, read from a real API server as the program reads them before it makes anything."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api, StorageV1Api

from components.contract import AccessMode, Locks
from devcluster.cluster import Cluster
from guard.classes import Bound
from stacks import cluster as asking
from stacks.classes import Classes
from stacks.cluster_facts import Wanted
from stacks.settings.cluster import Cluster as ClusterSettings
from tests.cluster import objects, stacks

RWO, RWX = AccessMode.RWO, AccessMode.RWX
ROWS: dict[str, tuple[str, dict[str, Any], AccessMode, str, Bound | None, Locks]] = {
    "t-gp3": ("ebs.csi.aws.com", {"parameters": {"type": "gp3"}}, RWO, "disk", Bound.ZONE, Locks.ONE_NODE),
    "t-regional": (
        "diskplugin.csi.alibabacloud.com",
        {"parameters": {"type": "cloud_regional_disk_auto"}},
        RWO,
        "disk",
        Bound.EVERYWHERE,
        Locks.ONE_NODE,
    ),
    "t-efs": ("efs.csi.aws.com", {"parameters": {"fileSystemId": "fs-1"}}, RWX, "efs", Bound.EVERYWHERE, Locks.SHARED),
    "t-nas": (
        "nasplugin.csi.alibabacloud.com",
        {"mountOptions": ["nolock"]},
        RWX,
        "nas3",
        Bound.EVERYWHERE,
        Locks.NODE_LOCAL,
    ),
    "t-nfs": ("nfs.csi.k8s.io", {"mountOptions": ["nfsvers=4.1"]}, RWX, "nfs4", Bound.EVERYWHERE, Locks.SHARED),
    "t-cephfs": ("rook-ceph.cephfs.csi.ceph.com", {}, RWX, "cephfs", Bound.EVERYWHERE, Locks.SHARED),
    "t-longhorn": (
        "driver.longhorn.io",
        {"parameters": {"dataLocality": "strict-local"}},
        RWO,
        "disk",
        Bound.NODE,
        Locks.ONE_NODE,
    ),
    "t-local": ("rancher.io/local-path", {}, RWO, "node", Bound.NODE, Locks.ONE_NODE),
    "t-lvm": ("topolvm.io", {}, RWO, "disk", Bound.NODE, Locks.ONE_NODE),
    "t-odd": ("san.example.org", {}, RWO, "unknown", None, Locks.NODE_LOCAL),
}


@pytest.fixture(scope="module", autouse=True)
def classes(api: ApiClient) -> Generator[None]:
    for name, (provisioner, fields, *_) in ROWS.items():
        objects.storage_class(api, name, provisioner, **fields)
    yield
    for name in ROWS:
        StorageV1Api(api).delete_storage_class(name)


def given(cluster: Cluster) -> ClusterSettings:
    return ClusterSettings.model_validate({"kubeconfig": str(cluster.kubeconfig), "context": cluster.context})


def test_the_table_on_real_classes(cluster: Cluster) -> None:
    found = asking.read(given(cluster), Wanted((*ROWS, "t-none")))
    assert found.unread == ""
    assert found.classes["t-none"] is None
    read = Classes(cluster=found)
    for name, (_, _, mode, backend, bound, locks) in ROWS.items():
        facts = read.facts(name, mode)
        assert (name, facts.backend, facts.bound, facts.locks) == (name, backend, bound, locks)


def test_a_user_without_the_right_is_told_so(cluster: Cluster, api: ApiClient, tmp_path: Path) -> None:
    with objects.namespace(api) as space:
        poor = objects.poor_user(api, space, cluster, tmp_path)
        found = asking.read(poor, Wanted(("t-gp3",)))
    assert found.classes == {}
    assert found.unread == "the API server answered 403 Forbidden for StorageClass t-gp3"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("t-nas", "sqlite-on-node-local-locks, role sessions, claim disk: SQLite on NAS v3 (nolock) of class t-nas"),
        ("t-none", "claims.disk.storageClass: 't-none' is not a StorageClass of the cluster"),
    ],
)
def test_it_is_refused_before_anything_is_made(
    cluster: Cluster, api: ApiClient, tmp_path: Path, name: str, said: str
) -> None:
    file = stacks.write(tmp_path, f"refused-{name}", {"disk": {"kind": "storage-class", "storageClass": name}})
    with pytest.raises(pulumi.RunError) as caught:
        stacks.up(file, cluster)
    assert said in str(caught.value)
    with pytest.raises(ApiException, match="Not Found"):
        CoreV1Api(api).read_namespace(f"refused-{name}")


def test_a_class_that_is_known_comes_up(cluster: Cluster, tmp_path: Path) -> None:
    heard = stacks.Heard()
    file = stacks.write(tmp_path, "own-words", {"disk": stacks.DISK})
    stacks.up(file, cluster, heard)
    told = "\n".join(str(note) for note in heard.notes)
    assert "class-unknown" in told
    assert "driver dev.csi.kotaemon, which is not in the table of drivers" in told
