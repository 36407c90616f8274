"""What the pods of backup, restore and drill mount."""

import hashlib

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    EmptyDirVolumeSourceArgs,
    EphemeralVolumeSourceArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimTemplateArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSecurityContextArgs,
    SecretVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeResourceRequirementsArgs,
)

from ..pod.names import GID, RUNTIME_DIR, UID
from ..pod.spec import pod_security, tmp_volume
from . import names
from .args import BackupRepository, BackupsArgs

RUNTIME = VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True)
TOOLS = VolumeMountArgs(name="tools", mount_path=names.TOOLS)
KEYS = VolumeMountArgs(name="keys", mount_path=names.KEYS, read_only=True)
STAGE = VolumeMountArgs(name="scratch", mount_path=names.STAGE)
SCRATCH = VolumeMountArgs(name="scratch", mount_path=names.SCRATCH)

LABEL = 63
"""Longest name of a pod's volume, in characters (RFC 1123 label)."""


def pod_volumes(args: BackupsArgs, scripts: Input[str], secret: Input[str]) -> list[VolumeArgs]:
    """What every pod has: scripts, password, restic's program, and the claim of the repository where it is one."""
    made = [
        VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
        VolumeArgs(name="keys", secret=SecretVolumeSourceArgs(secret_name=secret)),
        VolumeArgs(name="tools", empty_dir=EmptyDirVolumeSourceArgs(size_limit="256Mi")),
        tmp_volume("10Gi"),  # restic's cache: the index of the repository
    ]
    claim = args["repository"].get("claim")
    return [*made, VolumeArgs(name="repository", persistent_volume_claim=_source(claim["name"]))] if claim else made


def repository_address(repository: BackupRepository) -> Input[str]:
    """Where restic finds the repository: its URL, or a folder of the claim."""
    return repository.get("url", f"{names.REPOSITORY}/{repository.get('folder', names.FOLDER)}")


def repository_mount(repository: BackupRepository) -> list[VolumeMountArgs]:
    """The whole claim: restic makes its folder itself, as the pods' user; a sub-path would be made as root."""
    return [VolumeMountArgs(name="repository", mount_path=names.REPOSITORY)] if "claim" in repository else []


def scratch_volume(args: BackupsArgs) -> VolumeArgs:
    """Where a drill restores to: the node's disk, or a disk of a class that goes with the pod."""
    if "scratch_class" not in args:
        return VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=scratch_size(args)))
    return VolumeArgs(
        name="scratch",
        ephemeral=EphemeralVolumeSourceArgs(
            volume_claim_template=PersistentVolumeClaimTemplateArgs(
                spec=PersistentVolumeClaimSpecArgs(
                    access_modes=["ReadWriteOnce"],
                    storage_class_name=args["scratch_class"],
                    resources=VolumeResourceRequirementsArgs(requests={"storage": scratch_size(args)}),
                )
            )
        ),
    )


def scratch_size(args: BackupsArgs) -> str:
    """Size of that place."""
    return args.get("scratch_size", names.SCRATCH_SIZE)


def security(args: BackupsArgs, *, own_disk: bool = False) -> PodSecurityContextArgs:
    """As the application's pod has it. `own_disk`: the root of a new disk is root's, and fsGroup gives it away."""
    fs_group = own_disk or any(mount["claim"]["fs_group"] for mount in args["roles"].values())
    return pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=fs_group)


def claim_volume(name: str) -> VolumeArgs:
    """The volume of a claim."""
    return VolumeArgs(name=volume_name(name), persistent_volume_claim=_source(name))


def volume_name(claim: str) -> str:
    """Name of that volume in the pod: a label, so at most 63 characters without dots. Others get a digest of theirs."""
    name = f"claim-{claim}"
    if len(name) <= LABEL and "." not in claim:
        return name
    digest = hashlib.sha256(claim.encode()).hexdigest()[:8]
    return f"{name.replace('.', '-')[: LABEL - 9].rstrip('-')}-{digest}"


def _source(name: str) -> PersistentVolumeClaimVolumeSourceArgs:
    return PersistentVolumeClaimVolumeSourceArgs(claim_name=name)
