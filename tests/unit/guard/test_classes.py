"""What a StorageClass makes, by its driver: the table, and how parameters, mount options and access mode choose."""

from itertools import product

import pytest

from components.contract import AccessMode, Claim, Locks, Medium, Profile, Role, RoleMount
from guard import safety
from guard.classes import Bound, ClassFacts, Driver, contradicted, facts_of, said
from guard.drivers import DRIVERS
from guard.safety import Pods, ServerDisk
from guard.table import BACKENDS, UNKNOWN

RWO, RWOP, RWX = AccessMode.RWO, AccessMode.RWOP, AccessMode.RWX


@pytest.mark.parametrize("row", DRIVERS, ids=lambda row: row.name)
def test_a_row_says_something_that_the_guard_knows(row: Driver) -> None:
    assert row.backend in (*BACKENDS, "nas", UNKNOWN)
    assert row.source.startswith("https://")
    assert len(row.node_loss.split()) > 4
    one_node = row.backend in ("disk", "node")
    assert (row.locks == Locks.ONE_NODE) == one_node
    assert (RWX in row.modes) != one_node
    assert row.bound == Bound.EVERYWHERE or one_node, "what many nodes mount is bound to none"


def test_no_two_rows_are_for_the_same_class_and_mode() -> None:
    for one, other in product(DRIVERS, repeat=2):
        same = set(one.provisioners) & set(other.provisioners)
        if one is not other and same and one.with_parameters == other.with_parameters:
            assert not set(one.modes) & set(other.modes), (one.name, other.name)


@pytest.mark.parametrize("row", [row for row in DRIVERS if row.backend == "disk" and row.bound != Bound.NODE])
def test_no_disk_is_said_to_leave_a_lost_node_by_itself(row: Driver) -> None:
    """Measured (docs/drills.md): as long as the object of the lost pod is there, it is never detached."""
    assert "by force" in row.node_loss


AZ, ONTAP, PX = "file.csi.azure.com", "csi.trident.netapp.io", "pxd.portworx.com"
ONE, ZONE, NODE, ALL = Locks.ONE_NODE, Bound.ZONE, Bound.NODE, Bound.EVERYWHERE
LINSTOR, VSPHERE = "linstor.csi.linbit.com", "csi.vsphere.vmware.com"
FOUND = [
    (VSPHERE, {"storagepolicyname": "gold"}, (), RWO, "disk", ZONE, ONE),
    (VSPHERE, {"storagepolicyname": "gold"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("cinder.csi.openstack.org", {"availability": "nova"}, (), RWOP, "disk", ZONE, ONE),
    ("nfs.manila.csi.openstack.org", {"type": "default"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("cephfs.manila.csi.openstack.org", {"type": "default"}, (), RWX, "cephfs", ALL, Locks.SHARED),
    ("disk.csi.azure.com", {"skuName": "Premium_LRS"}, (), RWO, "disk", ZONE, ONE),
    ("disk.csi.azure.com", {"skuname": "StandardSSD_ZRS"}, (), RWO, "disk", ALL, ONE),
    ("disk.csi.azure.com", {"storageaccounttype": "premium_zrs"}, (), RWO, "disk", ALL, ONE),
    (AZ, {"skuName": "Standard_LRS"}, ("nobrl",), RWO, "smb", ALL, Locks.NODE_LOCAL),
    (AZ, {"protocol": "nfs"}, ("nconnect=4",), RWX, "nfs4", ALL, Locks.SHARED),
    ("smb.csi.k8s.io", {"source": "//nas/k"}, (), RWO, "smb", ALL, Locks.NODE_LOCAL),
    ("pd.csi.storage.gke.io", {"type": "pd-ssd"}, (), RWO, "disk", ZONE, ONE),
    ("filestore.csi.storage.gke.io", {"tier": "standard"}, (), RWX, "nfs3", ALL, Locks.SHARED),
    ("filestore.csi.storage.gke.io", {"tier": "zonal", "protocol": "NFS_V4_1"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    (ONTAP, {"backendType": "ontap-nas-economy"}, (), RWO, "nfs4", ALL, Locks.SHARED),
    (ONTAP, {"backendType": "ontap-nas"}, ("nfsvers=3", "nolock"), RWX, "nfs3", ALL, Locks.NODE_LOCAL),
    (ONTAP, {"backendType": "ontap-san"}, (), RWO, "disk", ALL, ONE),
    (ONTAP, {"backendType": "azure-netapp-files"}, (), RWX, "nfs3", ALL, Locks.SHARED),
    (ONTAP, {"backendType": "azure-netapp-files"}, ("nfsvers=4.1",), RWX, "nfs4", ALL, Locks.SHARED),
    (LINSTOR, {"autoPlace": "2"}, (), RWO, "disk", ALL, ONE),
    (LINSTOR, {f"{LINSTOR}/allowRemoteVolumeAccess": "false"}, (), RWO, "disk", NODE, ONE),
    (LINSTOR, {}, (), RWX, "nfs4", ALL, Locks.SHARED),
    (PX, {"repl": "3"}, (), RWO, "disk", ALL, ONE),
    (PX, {"repl": "3"}, (), RWX, "nfs3", ALL, Locks.SHARED),
    (PX, {"sharedv4": "true"}, (), RWO, "nfs3", ALL, Locks.SHARED),
    (PX, {"sharedv4": "true", "sharedv4_mount_options": "vers=3.0,nolock"}, (), RWX, "nfs3", ALL, Locks.NODE_LOCAL),
    (PX, {"backend": "pure_block"}, (), RWO, "disk", ALL, ONE),
    (PX, {"backend": "pure_file"}, ("nfsvers=4.1",), RWX, "nfs4", ALL, Locks.SHARED),
    ("io.openebs.csi-mayastor", {"repl": "3"}, (), RWO, "disk", ALL, ONE),
    ("openebs.io/local", {}, (), RWO, "node", NODE, ONE),
    ("local.csi.openebs.io", {"volgroup": "vg"}, (), RWOP, "disk", NODE, ONE),
    ("zfs.csi.openebs.io", {"poolname": "tank"}, (), RWO, "disk", NODE, ONE),
    ("csi.hetzner.cloud", {}, (), RWO, "disk", ZONE, ONE),
    ("dobs.csi.digitalocean.com", {}, (), RWO, "disk", ALL, ONE),
    ("driver.harvesterhci.io", {}, (), RWO, "disk", ALL, ONE),
    ("driver.harvesterhci.io", {}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("org.democratic-csi.nfs", {"fsType": "nfs"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("org.democratic-csi.iscsi", {"fsType": "ext4"}, (), RWO, "disk", ALL, ONE),
    ("org.democratic-csi.smb", {"fsType": "cifs"}, (), RWX, "smb", ALL, Locks.NODE_LOCAL),
    ("rook-ceph.nfs.csi.ceph.com", {"nfsCluster": "n"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("seaweedfs-csi-driver", {}, (), RWO, "seaweedfs", ALL, Locks.NODE_LOCAL),
    ("ossplugin.csi.alibabacloud.com", {"bucket": "b"}, (), RWX, "object", ALL, Locks.NONE),
    ("csi-powerstore.dellemc.com", {"csi.storage.k8s.io/fstype": "nfs"}, (), RWX, "nfs4", ALL, Locks.SHARED),
    ("csi-powerstore.dellemc.com", {"csi.storage.k8s.io/fstype": "ext4"}, (), RWO, "disk", ALL, ONE),
    ("nfs.csi.k8s.io", {}, ("nfsvers=4.1,nolock",), RWX, "nfs4", ALL, Locks.NODE_LOCAL),
    ("ebs.csi.eks.amazonaws.com", {"type": "io2"}, (), RWOP, "disk", Bound.ZONE, Locks.ONE_NODE),
    ("diskplugin.csi.alibabacloud.com", {"type": "cloud_auto"}, (), RWO, "disk", Bound.ZONE, Locks.ONE_NODE),
    (
        "diskplugin.csi.alibabacloud.com",
        {"type": "cloud_regional_disk_auto,cloud_essd"},
        (),
        RWO,
        "disk",
        Bound.EVERYWHERE,
        Locks.ONE_NODE,
    ),
    ("nasplugin.csi.alibabacloud.com", {"volumeAs": "subpath"}, (), RWX, "nas3", Bound.EVERYWHERE, Locks.NODE_LOCAL),
    ("nasplugin.csi.alibabacloud.com", {}, ("vers=4.0",), RWX, "nas4", Bound.EVERYWHERE, Locks.SHARED),
    (
        "nasplugin.csi.alibabacloud.com",
        {"options": "noresvport,vers=4.0"},
        (),
        RWX,
        "nas4",
        Bound.EVERYWHERE,
        Locks.SHARED,
    ),
    ("nasplugin.csi.alibabacloud.com", {}, ("nolock", "vers=3"), RWX, "nas3", Bound.EVERYWHERE, Locks.NODE_LOCAL),
    ("nfs.csi.k8s.io", {"server": "a", "share": "/"}, (), RWX, "nfs4", Bound.EVERYWHERE, Locks.SHARED),
    ("nfs.csi.k8s.io", {}, ("nfsvers=3", "local_lock=all"), RWX, "nfs3", Bound.EVERYWHERE, Locks.NODE_LOCAL),
    (
        "cluster.local/team-nfs-subdir-external-provisioner",
        {},
        ("vers=3",),
        RWX,
        "nfs3",
        Bound.EVERYWHERE,
        Locks.SHARED,
    ),
    ("storage.cephfs.csi.ceph.com", {"fsName": "x"}, (), RWX, "cephfs", Bound.EVERYWHERE, Locks.SHARED),
    ("openshift-storage.rbd.csi.ceph.com", {}, (), RWO, "disk", Bound.EVERYWHERE, Locks.ONE_NODE),
    ("driver.longhorn.io", {"numberOfReplicas": "2"}, (), RWO, "disk", Bound.EVERYWHERE, Locks.ONE_NODE),
    ("driver.longhorn.io", {"dataLocality": "strict-local"}, (), RWO, "disk", Bound.NODE, Locks.ONE_NODE),
    ("driver.longhorn.io", {"nfsOptions": "hard,vers=4.1"}, (), RWX, "nfs4", Bound.EVERYWHERE, Locks.SHARED),
    ("fsx.csi.aws.com", {"deploymentType": "SCRATCH_2"}, (), RWX, "lustre", Bound.EVERYWHERE, Locks.NODE_LOCAL),
    ("fsx.csi.aws.com", {"deploymentType": "SCRATCH_2"}, ("flock",), RWX, "lustre", Bound.EVERYWHERE, Locks.SHARED),
    ("fsx.openzfs.csi.aws.com", {}, (), RWX, "openzfs", Bound.EVERYWHERE, Locks.SHARED),
    ("csi.juicefs.com", {}, (), RWX, "juicefs", Bound.EVERYWHERE, Locks.SHARED),
    ("topolvm.io", {"topolvm.io/device-class": "ssd"}, (), RWOP, "disk", Bound.NODE, Locks.ONE_NODE),
    ("cluster.local/local-path-provisioner", {}, (), RWO, "node", Bound.NODE, Locks.ONE_NODE),
    ("k8s.io/minikube-hostpath", {}, (), RWO, "node", Bound.NODE, Locks.ONE_NODE),
    ("kubernetes.io/no-provisioner", {}, (), RWO, "disk", Bound.NODE, Locks.ONE_NODE),
]


@pytest.mark.parametrize(("provisioner", "parameters", "options", "mode", "backend", "bound", "locks"), FOUND)
def test_what_a_class_makes(
    provisioner: str,
    parameters: dict[str, str],
    options: tuple[str, ...],
    mode: AccessMode,
    backend: str,
    bound: Bound,
    locks: Locks,
) -> None:
    facts = facts_of("own", provisioner, DRIVERS, parameters, options, mode)
    assert (facts.backend, facts.bound, facts.locks) == (backend, bound, locks)
    assert facts.refused_mode(mode) == ""


@pytest.mark.parametrize("provisioner", ["ebs.csi.aws.com.example.org", "example.org/cephfs", "local-path", ""])
def test_a_driver_that_is_not_in_the_table_is_unknown(provisioner: str) -> None:
    facts = facts_of("odd", provisioner, DRIVERS, {}, (), RWO)
    assert (facts.known, facts.backend, facts.bound) == (False, "unknown", None)
    assert facts.refused_mode(RWX) == "", "nothing is refused of which nothing is known"


@pytest.mark.parametrize("provisioner", [ONTAP, "manila.csi.openstack.org"])
def test_a_driver_whose_class_does_not_say_what_it_makes_is_unknown(provisioner: str) -> None:
    facts = facts_of("own", provisioner, DRIVERS, {"type": "x"}, (), RWO)
    assert (facts.known, facts.bound, facts.modes) == (False, None, ())
    assert "not in the table" not in facts.name


@pytest.mark.parametrize(
    ("provisioner", "parameters", "options", "lost"),
    [
        ("nfs.csi.k8s.io", {}, ("soft,timeo=10",), {"soft"}),
        ("nfs.csi.k8s.io", {}, ("hard", "softerr"), {"softerr"}),
        ("driver.longhorn.io", {"nfsOptions": "vers=4.1,softerr"}, (), {"softerr"}),
        ("csi.juicefs.com", {}, ("writeback",), {"writeback"}),
        ("rbd.csi.ceph.com", {}, ("nobarrier", "discard"), {"nobarrier"}),
        ("csi.example.org", {}, ("soft",), {"soft"}),
        ("nfs.csi.k8s.io", {}, ("nolock",), set()),
        ("ebs.csi.aws.com", {}, ("noatime",), set()),
    ],
)
def test_options_that_lose_data(
    provisioner: str, parameters: dict[str, str], options: tuple[str, ...], lost: set[str]
) -> None:
    assert set(facts_of("own", provisioner, DRIVERS, parameters, options, RWO).loses) == lost
    assert ("class-loses-data" in rules(provisioner, options=options)) == bool(lost and not parameters)


@pytest.mark.parametrize(
    ("provisioner", "mode", "made"),
    [
        ("rancher.io/local-path", RWX, "ReadWriteOnce, ReadWriteOncePod"),
        ("rbd.csi.ceph.com", RWX, "ReadWriteOnce, ReadWriteOncePod"),
        ("fuseim.pri/ifs", RWOP, "ReadWriteOnce, ReadWriteMany, ReadOnlyMany"),
        ("docker.io/hostpath", RWOP, "ReadWriteOnce"),
    ],
)
def test_an_access_mode_that_the_driver_does_not_make(provisioner: str, mode: AccessMode, made: str) -> None:
    reason = facts_of("own", provisioner, DRIVERS, mode=mode).refused_mode(mode)
    assert reason.startswith(f"'{mode.value}' is not allowed: class own (")
    assert f"makes {made} (https://" in reason


def test_longhorn_makes_every_mode_in_two_ways() -> None:
    modes = facts_of("own", "driver.longhorn.io", DRIVERS).modes
    assert set(modes) == set(AccessMode)


@pytest.mark.parametrize(
    ("stands_on", "bound", "found"),
    [
        ("disk", None, None),
        ("disk", Bound.ZONE, Bound.ZONE),
        ("node", None, Bound.NODE),
        ("nfs4", None, Bound.EVERYWHERE),
    ],
)
def test_words_of_the_owner(stands_on: str, bound: Bound | None, found: Bound | None) -> None:
    facts = said("odd", stands_on, bound, (RWO,), real_locks=True)
    assert (facts.known, facts.bound, facts.modes) == (True, found, (RWO,))


def claim(facts: ClassFacts, mode: AccessMode) -> Claim:
    return Claim(
        name="data",
        access_mode=mode,
        medium=Medium.BLOCK,
        backend=facts.backend,
        size_gib=10,
        zones=[],
        encrypted_by="LUKS",
        locks=facts.locks,
        fs_group=True,
    )


def rules(provisioner: str, mode: AccessMode = RWO, options: tuple[str, ...] = ()) -> set[str]:
    facts = facts_of("own", provisioner, DRIVERS, {}, options, mode)
    made = claim(facts, mode)
    storage = {role.value: RoleMount(claim=made, sub_path=role.value, read_only=False) for role in Role}
    report = safety.check(storage, Pods(Profile.SINGLE_WRITER), classes={"data": facts})
    return {verdict.rule for verdict in report.verdicts}


@pytest.mark.parametrize(
    ("provisioner", "options", "expected"),
    [
        ("topolvm.cybozu.com", (), {"node-local-data"}),
        ("ebs.csi.aws.com", (), set[str]()),
        ("csi.example.org", (), {"class-unknown"}),
        ("pd.csi.storage.gke.io", (), set[str]()),
        (
            "smb.csi.k8s.io",
            (),
            {"sqlite-on-node-local-locks", "chroma-on-node-local-locks", "lancedb-on-smb"},
        ),
        ("seaweedfs-csi-driver", (), {"sqlite-on-node-local-locks", "chroma-on-node-local-locks"}),
        ("cephfs.csi.ceph.com", (), {"sqlite-on-network", "chroma-on-network"}),
        ("efs.csi.aws.com", (), {"sqlite-on-network", "chroma-on-network"}),
        ("nfs.csi.k8s.io", ("nolock",), {"sqlite-on-node-local-locks", "chroma-on-node-local-locks", "hf-cache-locks"}),
        (
            "nasplugin.csi.alibabacloud.com",
            (),
            {"sqlite-on-node-local-locks", "chroma-on-node-local-locks"},
        ),
    ],
)
def test_the_class_of_a_claim_is_judged_as_what_it_is(
    provisioner: str, options: tuple[str, ...], expected: set[str]
) -> None:
    assert rules(provisioner, options=options) - {"hf-cache-locks"} == expected - {"hf-cache-locks"}


@pytest.mark.parametrize(
    ("provisioner", "rule", "refused"),
    [
        ("openshift-storage.cephfs.csi.ceph.com", "server-on-network", True),
        ("nfs.csi.k8s.io", "server-on-network", True),
        ("nasplugin.csi.alibabacloud.com", "server-on-network", True),
        ("csi.juicefs.com", "server-on-network", True),
        ("csi.example.org", "class-unknown", False),
        ("csi.vsphere.vmware.com", "", False),
        ("file.csi.azure.com", "server-on-network", True),
        ("topolvm.io", "node-local-data", False),
        ("rbd.csi.ceph.com", "", False),
    ],
)
def test_a_server_of_the_stack_is_on_a_disk(provisioner: str, rule: str, refused: bool) -> None:
    facts = facts_of("own", provisioner, DRIVERS, mode=RWO)
    disk = ServerDisk("PostgreSQL", "database", facts, "https://example.org/why")
    report = safety.check({}, Pods(Profile.SCALED, 2, document_store="elasticsearch"), servers=[disk])
    found = [verdict for verdict in report.verdicts if verdict.message.startswith("stores.database")]
    assert [verdict.rule for verdict in found] == ([rule] if rule else [])
    assert [verdict.rule in {r.rule for r in report.refusals} for verdict in found] == ([refused] if rule else [])


@pytest.mark.parametrize(
    ("driver", "options", "stands_on", "real", "words"),
    [
        ("smb.csi.k8s.io", (), "disk", True, "standsOn: 'disk' is not what the driver makes"),
        ("smb.csi.k8s.io", (), "nfs4", False, "standsOn: 'nfs4' is not what the driver makes"),
        ("s3.csi.aws.com", (), "nfs4", False, "standsOn: 'nfs4' is not what the driver makes"),
        ("rbd.csi.ceph.com", (), "cephfs", True, "standsOn: 'cephfs' is not what the driver makes"),
        ("cephfs.csi.ceph.com", (), "disk", True, "standsOn: 'disk' is not what the driver makes"),
        ("nfs.csi.k8s.io", ("vers=4.1", "nolock"), "nfs4", True, "realLocks: is true"),
        ("nfs.csi.k8s.io", ("vers=4.1", "nolock"), "nfs4", False, ""),
        ("nfs.csi.k8s.io", (), "efs", True, ""),
        ("topolvm.io", (), "node", True, ""),
        ("csi.example.org", (), "disk", True, ""),
    ],
)
def test_words_that_a_driver_contradicts(
    driver: str, options: tuple[str, ...], stands_on: str, real: bool, words: str
) -> None:
    found = contradicted(stands_on, real, facts_of("", driver, DRIVERS, {}, options, RWO))
    assert found.startswith(words)
    assert bool(found) == bool(words)


EFS = "efs.csi.aws.com"


@pytest.mark.parametrize(
    ("parameters", "lacks"),
    [
        ({}, {"provisioningMode", "uid"}),
        ({"provisioningMode": "efs-ap", "fileSystemId": "fs-1", "directoryPerms": "700"}, {"uid"}),
        ({"ProvisioningMode": "efs-ap", "uid": "1001", "gid": "1001"}, set[str]()),
        (None, set[str]()),
    ],
)
def test_a_parameter_that_a_class_does_not_have_is_told_where_its_parameters_are_known(
    parameters: dict[str, str] | None, lacks: set[str]
) -> None:
    assert set(facts_of("efs-sc", EFS, DRIVERS, parameters, (), RWX).lacks) == lacks
    assert facts_of("longhorn", "driver.longhorn.io", DRIVERS, {}).lacks == {}


def test_what_longhorn_and_the_clouds_do_with_shared_files_is_told() -> None:
    assert "softerr" in facts_of("longhorn", "driver.longhorn.io", DRIVERS, {"a": "b"}, (), RWX).lacks["nfsOptions"]
    hard = {"nfsOptions": "vers=4.1,noresvport,hard"}
    assert facts_of("longhorn", "driver.longhorn.io", DRIVERS, hard, (), RWX).lacks == {}
    for driver in ("filestore.csi.storage.gke.io", "fsx.csi.aws.com"):
        assert "chown" in facts_of("shared", driver, DRIVERS, None, (), RWX).tells
    assert facts_of("shared", "nfs.csi.k8s.io", DRIVERS, None, (), RWX).tells == ""
