"""Rows of the table of drivers: disks over the network, of clusters and arrays of one's own. Pure data."""

from components.contract import AccessMode, Locks
from guard.classes import Bound, Driver
from guard.driver_words import ALL, FREED, IN_ITS_ZONE, NOT_KNOWN, WITH_NODE, disk
from guard.table import UNKNOWN

DISKS: tuple[Driver, ...] = (
    disk(
        name="Ceph RBD",
        provisioners=("rbd.csi.ceph.com", "*.rbd.csi.ceph.com"),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://github.com/ceph/ceph-csi/blob/devel/README.md",
        read="2026-11-29, at 52fcb7b of October 2024",
        remark="RWOP and placing by topology are alpha, growing is beta; RWX is for raw devices alone",
    ),
    disk(
        name="Longhorn, kept on the pod's node",
        provisioners=("driver.longhorn.io",),
        bound=Bound.NODE,
        node_loss=WITH_NODE,
        source="https://longhorn.io/docs/1.13.0/references/storage-class-parameters",
        read="2026-11-29, version 1.13.0",
        remark="one replica",
        with_parameters={"dataLocality": ("strict-local",)},
    ),
    disk(
        name="Longhorn",
        provisioners=("driver.longhorn.io",),
        node_loss=f"it stays on the lost node; another one gets it, if a replica is left elsewhere, once {FREED} or "
        "Longhorn's setting node-down-pod-deletion-policy deletes the pod (default: do-nothing)",
        source="https://longhorn.io/docs/1.13.0/references/settings",
        read="2026-11-29, version 1.13.0",
    ),
    disk(
        name="vSphere, a virtual disk",
        provisioners=("csi.vsphere.vmware.com",),
        bound=Bound.ZONE,
        node_loss=IN_ITS_ZONE,
        source="https://github.com/kubernetes-sigs/vsphere-csi-driver/blob/master/pkg/csi/service/common/util.go",
        read="2026-11-29, at bf80902 of August 2026",
        remark="without topology, every node that reaches the datastore is its zone",
    ),
    disk(
        name="LINSTOR, kept where a copy is",
        provisioners=("linstor.csi.linbit.com",),
        bound=Bound.NODE,
        node_loss="the pod starts on another node with a copy; without one it stays Pending until its node is back",
        source="https://github.com/piraeusdatastore/linstor-csi/blob/master/pkg/volume/parameter.go",
        read="2026-11-29, version 1.12.0 of July 2026",
        with_parameters={
            "allowRemoteVolumeAccess": ("false",),
            "linstor.csi.linbit.com/allowRemoteVolumeAccess": ("false",),
        },
    ),
    disk(
        name="LINSTOR (DRBD)",
        provisioners=("linstor.csi.linbit.com",),
        node_loss=f"another node gets it, if a copy is left elsewhere (placementCount, 1 by default), once {FREED}",
        source="https://github.com/piraeusdatastore/linstor-csi/blob/master/pkg/volume/parameter.go",
        read="2026-11-29, version 1.12.0 of July 2026",
    ),
    disk(
        name="Portworx",
        provisioners=(
            "pxd.portworx.com",
            "kubernetes.io/portworx-volume",
        ),
        node_loss=f"another node gets it, if a copy is left elsewhere (repl), once {FREED}",
        source="https://docs.portworx.com/portworx-enterprise/reference/storageclass",
        read="2026-11-29, an excerpt of the page",
    ),
    disk(
        name="a volume of a Pure FlashArray",
        provisioners=("pxd.portworx.com",),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://docs.portworx.com/portworx-csi/reference/storage-class",
        read="2026-11-29, an excerpt of the page",
        with_parameters={"backend": ("pure_block",)},
    ),
    disk(
        name="Mayastor of OpenEBS",
        provisioners=("io.openebs.csi-mayastor",),
        node_loss=f"another node gets it, if a copy is left elsewhere (repl), once {FREED}",
        source="https://openebs.io/docs/Solutioning/read-write-many/kubevirt-nfs",
        read="2026-11-29, at 2eda012 of August 2026, with mayastor-control-plane at c02e0cb",
        remark="no RWX of its own",
    ),
    disk(
        name="Harvester, a virtual disk of the host cluster",
        provisioners=("driver.harvesterhci.io",),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://github.com/harvester/harvester-csi-driver/blob/master/pkg/csi/controller_server.go",
        read="2026-11-29, at 97b6c35 of June 2026",
    ),
    disk(
        name="a LUN by NetApp Trident",
        provisioners=("csi.trident.netapp.io",),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://github.com/NetApp/trident/blob/master/config/config.go",
        read="2026-11-29, at 71dd716 of July 2026, with frontend/csi/controller_server.go",
        with_parameters={
            "backendType": ("ontap-san", "ontap-san-economy", "solidfire-san", "google-cloud-netapp-volumes-san")
        },
    ),
    Driver(
        name="NetApp Trident",
        provisioners=("csi.trident.netapp.io",),
        backend=UNKNOWN,
        modes=ALL,
        locks=Locks.NODE_LOCAL,
        bound=Bound.EVERYWHERE,
        expands=True,
        snapshots=True,
        node_loss=NOT_KNOWN,
        source="https://github.com/NetApp/trident/blob/master/config/config.go",
        read="2026-11-29, at 71dd716 of July 2026",
        remark="its class names no backendType, so it may be a disk or files",
    ),
    disk(
        name="a disk by democratic-csi (iSCSI, NVMe-oF)",
        provisioners=(
            "org.democratic-csi.iscsi",
            "org.democratic-csi.iscsi-synology",
            "org.democratic-csi.nvmeof",
        ),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://github.com/democratic-csi/charts/tree/master/stable/democratic-csi/examples",
        read="2026-11-29, at 79a3c02 of January 2026",
        remark="the names of its drivers are free, and these are the examples' own",
    ),
    disk(
        name="a volume by HPE's driver",
        provisioners=("csi.hpe.com",),
        modes=(AccessMode.RWO,),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://scod.hpedev.io/csi_driver/using.html",
        read="2026-11-29, an excerpt of the page",
        remark="no RWOP",
    ),
    disk(
        name="a volume of Dell PowerStore, Unity, PowerMax or PowerFlex",
        provisioners=(
            "csi-powerstore.dellemc.com",
            "csi-unity.dellemc.com",
            "csi-powermax.dellemc.com",
            "csi-vxflexos.dellemc.com",
        ),
        node_loss=f"it stays on the lost node; another one gets it once {FREED}",
        source="https://github.com/kubevirt/containerized-data-importer/blob/main/pkg/storagecapabilities/storagecapabilities.go",
        read="2026-11-29, at c07cdb6 of August 2026",
    ),
)
