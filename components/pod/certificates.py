"""The certificates of a database's authority in the pods that connect to it."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import ConfigMapVolumeSourceArgs, VolumeArgs, VolumeMountArgs

FOLDER = "/etc/kotaemon-database-ca"
FILE = "ca.pem"
"""Key of the ConfigMap, and name of the file in FOLDER."""
_VOLUME = "database-ca"


def ca_volumes(config_map: Input[str] | None) -> list[VolumeArgs]:
    """The volume of a pod that connects; none without a bundle."""
    if config_map is None:
        return []
    return [VolumeArgs(name=_VOLUME, config_map=ConfigMapVolumeSourceArgs(name=config_map))]


def ca_mounts(config_map: Input[str] | None) -> list[VolumeMountArgs]:
    """The mount of a container that connects; none without a bundle."""
    if config_map is None:
        return []
    return [VolumeMountArgs(name=_VOLUME, mount_path=FOLDER, read_only=True)]
