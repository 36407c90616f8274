"""Resources that keep every rule, to be broken one value at a time."""

import copy
from typing import Any

from policy.resource import Given

KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


def resource(type_: str, inputs: dict[str, Any], name: str = "it", **options: Any) -> Given:
    """A protected, retained resource."""
    return Given(type_, name, inputs, **{"protect": True, "retain_on_delete": True, **options})


def changed(inputs: dict[str, Any], path: str, value: Any = None) -> dict[str, Any]:
    """A copy with the value at a dotted path replaced; None removes it. Numbers are places in lists."""
    result = copy.deepcopy(inputs)
    *parents, last = [int(p) if p.isdigit() else p for p in path.split("/")]
    place: Any = result
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return result


EBS_CLASS = {
    "provisioner": "ebs.csi.aws.com",
    "parameters": {"type": "gp3", "encrypted": "true", "kmsKeyId": KEY},
    "reclaimPolicy": "Retain",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowedTopologies": [
        {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["eu-central-1a"]}]}
    ],
}
DISK_VOLUME = {
    "spec": {
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"},
        "persistentVolumeReclaimPolicy": "Retain",
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-central-1a"]}
                        ]
                    }
                ]
            }
        },
    }
}
NFS_VOLUME = {"spec": {"nfs": {"server": "nfs", "path": "/srv"}, "persistentVolumeReclaimPolicy": "Retain"}}
RWO_CLAIM = {"metadata": {"namespace": "app", "name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"namespace": "app", "name": "app"},
    "spec": {
        "replicas": 1.0,  # the wire format has only floats
        "strategy": {"type": "Recreate"},
        "template": {
            "spec": {
                "securityContext": {"runAsNonRoot": True, "runAsUser": 1001.0, "runAsGroup": 1001.0},
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.example.com/app:1.2.3",
                        "env": [{"name": "MODE", "value": "fast"}],
                        "securityContext": {"allowPrivilegeEscalation": False},
                    }
                ],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            }
        },
    },
}
CONTAINER = "spec/template/spec/containers/0"
RDS = {
    "kmsKeyId": KEY,
    "storageEncrypted": True,
    "publiclyAccessible": False,
    "skipFinalSnapshot": False,
    "deletionProtection": True,
    "password": "not-told",
}
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
DEPLOY = "kubernetes:apps/v1:Deployment"
