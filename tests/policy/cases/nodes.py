"""Cases of the rule about data on nodes."""

from typing import Any

from tests.policy.cases.case import one
from tests.policy.resources import CONTAINER, DEPLOY, DEPLOYMENT, NFS_VOLUME, STORAGE_CLASS, VOLUME, changed


def volume(body: dict[str, Any], path: str = "/app/ktem_app_data", **mount: Any) -> dict[str, Any]:
    """The Deployment with one volume, and no claim."""
    mounted = changed(DEPLOYMENT, f"{CONTAINER}/volumeMounts", [{"name": "d", "mountPath": path, **mount}])
    return changed(mounted, "spec/template/spec/volumes", [{"name": "d", **body}])


CASES = [
    one("data-on-nodes", "compliant", DEPLOY, DEPLOYMENT),
    one("data-on-nodes", "missing", DEPLOY, changed(DEPLOYMENT, "spec/template/spec/volumes")),
    one("data-on-nodes", "NFS", VOLUME, NFS_VOLUME),
    one(
        "data-on-nodes",
        "hostPath in the pod",
        DEPLOY,
        volume({"hostPath": {"path": "/srv/rag"}}),
        "volume d is hostPath /srv/rag: each node has files of its own, which a pod elsewhere does not see and the loss "
        "of the node takes; mount a claim",
    ),
    one(
        "data-on-nodes", "hostPath that is only read", DEPLOY, volume({"hostPath": {"path": "/etc/ssl"}}, readOnly=True)
    ),
    one("data-on-nodes", "hostPath of a socket", DEPLOY, volume({"hostPath": {"path": "/run/x", "type": "Socket"}})),
    one(
        "data-on-nodes",
        "emptyDir for data",
        f"{DEPLOY}Patch",
        volume({"emptyDir": {}}),
        "volume d (emptyDir) is at /app/ktem_app_data: what is there ends with the pod; mount a claim",
    ),
    one(
        "data-on-nodes",
        "claim that ends with its pod",
        DEPLOY,
        volume({"ephemeral": {"volumeClaimTemplate": {}}}, "/var/lib/postgresql/data"),
        "volume d (ephemeral) is at /var/lib/postgresql/data: what is there ends with the pod; mount a claim",
    ),
    one("data-on-nodes", "emptyDir for scratch", DEPLOY, volume({"emptyDir": {}}, "/tmp")),
    one("data-on-nodes", "configured path", DEPLOY, volume({"emptyDir": {}}, "/srv/x"), paths=["/data"]),
    one(
        "data-on-nodes",
        "another path than configured",
        DEPLOY,
        volume({"emptyDir": {}}, "/srv/x"),
        "volume d (emptyDir) is at /srv/x: what is there ends with the pod; mount a claim",
        paths=["/srv/*"],
    ),
    one(
        "data-on-nodes",
        "hostPath volume",
        VOLUME,
        {"spec": {"hostPath": {"path": "/srv/pg"}}},
        "hostPath /srv/pg is a folder of one node: out of reach without the node, and lost with its disk",
    ),
    one(
        "data-on-nodes",
        "local volume",
        VOLUME,
        {"spec": {"local": {"path": "/mnt/ssd0"}}},
        "local /mnt/ssd0 is a folder of one node: out of reach without the node, and lost with its disk",
    ),
    one(
        "data-on-nodes",
        "class of a node's disk",
        STORAGE_CLASS,
        {"provisioner": "topolvm.io"},
        "makes TopoLVM, a logical volume on the node, topolvm.io, on one node: the pod stays Pending until the node is back, "
        "and the data is lost with the node's disk",
    ),
    one(
        "data-on-nodes",
        "by its parameters",
        STORAGE_CLASS,
        {"provisioner": "driver.longhorn.io", "parameters": {"dataLocality": "strict-local"}},
        "makes Longhorn, kept on the pod's node, driver.longhorn.io, on one node: the pod stays Pending until the node is back, and "
        "the data is lost with the node's disk",
    ),
    one("data-on-nodes", "the same driver without it", STORAGE_CLASS, {"provisioner": "driver.longhorn.io"}),
    one("data-on-nodes", "driver that nobody knows", STORAGE_CLASS, {"provisioner": "csi.example.com"}),
    one(
        "data-on-nodes",
        "volume of a driver of nodes",
        VOLUME,
        {"spec": {"csi": {"driver": "local.csi.openebs.io", "volumeHandle": "x"}}},
        "is OpenEBS Local PV LVM, a logical volume on the node, local.csi.openebs.io: the pod stays Pending until the node "
        "is back, and the data is lost with the node's disk",
    ),
    one("data-on-nodes", "volume of another driver", VOLUME, {"spec": {"csi": {"driver": "ebs.csi.aws.com"}}}),
    one(
        "data-on-nodes",
        "emptyDir where Qdrant keeps data",
        DEPLOY,
        volume({"emptyDir": {}}, "/var/lib/qdrant/storage"),
        "volume d (emptyDir) is at /var/lib/qdrant/storage: what is there ends with the pod; mount a claim",
    ),
]
