"""What a cluster of each platform already has when our program comes: driver and class objects."""

from typing import Any

from kubernetes.client import ApiClient, ApiException, StorageV1Api

from components.contract import Platform
from devcluster.platforms import SHAPES

DEV_CLASS = "dev-block"
"""The disk class of the private platform, as an administrator would have made it."""


def csi_drivers(platform: Platform) -> list[dict[str, Any]]:
    """CSIDriver objects: disks are attached to a node by the attach-detach controller, file systems are not."""
    shape = SHAPES[platform]
    return [_driver(shape.block.name, attach=True)] + [_driver(name, attach=False) for name in shape.file_drivers]


def storage_classes(platform: Platform) -> list[dict[str, Any]]:
    """StorageClass objects. On the clouds our program makes its own; a private cluster's administrator has made one."""
    if platform is not Platform.PRIVATE:
        return []
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": DEV_CLASS},
            "provisioner": SHAPES[platform].block.name,
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        }
    ]


def ensure_objects(api: ApiClient, platform: Platform) -> None:
    """Make what is missing; what is there stays as it is."""
    storage = StorageV1Api(api)
    for driver in csi_drivers(platform):
        _create(storage.create_csi_driver, driver)
    for storage_class in storage_classes(platform):
        _create(storage.create_storage_class, storage_class)


def _driver(name: str, attach: bool) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": name},
        "spec": {"attachRequired": attach},
    }


def _create(create: Any, wanted: dict[str, Any]) -> None:
    try:
        create(wanted)
    except ApiException as error:
        if error.status != 409:
            raise
