"""The token of a pod's own account, for the few pods that talk to the API server. No other pod has one."""

from pulumi_kubernetes.core.v1 import (
    ConfigMapProjectionArgs,
    KeyToPathArgs,
    ProjectedVolumeSourceArgs,
    ServiceAccountTokenProjectionArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeProjectionArgs,
)

TOKEN_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 a folder
TOKEN = VolumeMountArgs(name="token", mount_path=TOKEN_DIR, read_only=True)
"""Mount of the volume that `token_volume` makes."""


def token_volume() -> VolumeArgs:
    """A token of an hour, renewed by the kubelet, for this pod alone."""
    return VolumeArgs(
        name="token",
        projected=ProjectedVolumeSourceArgs(
            sources=[
                VolumeProjectionArgs(
                    service_account_token=ServiceAccountTokenProjectionArgs(path="token", expiration_seconds=3600)
                ),
                VolumeProjectionArgs(
                    config_map=ConfigMapProjectionArgs(
                        name="kube-root-ca.crt", items=[KeyToPathArgs(key="ca.crt", path="ca.crt")]
                    )
                ),
            ]
        ),
    )
