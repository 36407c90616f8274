"""The CronJob of a store's nightly copy."""

from pulumi import Input
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EnvVarArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from ..contract import Claim
from ..pod.args import ClusterImposes
from ..pod.names import GID, UID
from ..pod.schedule import one_at_a_time
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from .backup import KEEP, SCHEDULE, SCRIPTS_DIR, BackupArgs

BACKUP_DIR = "/backup"
CLAIM_DIR = "/claim"
HOURS = 6
"""Limit of one run; a run that hangs must not keep the next one from starting."""


def cron_job_spec(
    labels: dict[str, str],
    args: BackupArgs,
    *,
    image: Input[str],
    command: list[str],
    env: list[EnvVarArgs],
    scripts: Input[str],
    account: Input[str],
    cluster_imposes: ClusterImposes | None = None,
) -> CronJobSpecArgs:
    """The CronJob. `command` runs the script; `backup` is its argument, and `restore` in a Job made by hand."""
    claim = args["claim"]
    pod = Pod(
        restart_policy="Never",
        service_account=account,
        security=pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=claim["fs_group"]),
        init_containers=[_folder(args, image, command)],
        containers=[_copy(args, image, command, env)],
        volumes=_volumes(claim, scripts),
    )
    template = pod_template(labels, pod, cluster_imposes)
    return one_at_a_time(args.get("schedule", SCHEDULE), template, hours=HOURS)


def _folder(args: BackupArgs, image: Input[str], command: list[str]) -> ContainerArgs:
    # The kubelet would make a missing sub-path as root, and a squashing server refuses that.
    whole = VolumeMountArgs(name="claim", mount_path=CLAIM_DIR)
    return _container("folder", image, [*command, "folder"], [_dir(f"{CLAIM_DIR}/{args['folder']}")], whole)


def _copy(args: BackupArgs, image: Input[str], command: list[str], env: list[EnvVarArgs]) -> ContainerArgs:
    own = VolumeMountArgs(name="claim", mount_path=BACKUP_DIR, sub_path=args["folder"])
    keep = EnvVarArgs(name="KEEP", value=str(int(args.get("keep", KEEP))))
    made = _container("backup", image, command, [_dir(BACKUP_DIR), keep, *env], own)
    made.args = ["backup"]
    return made


def _dir(path: str) -> EnvVarArgs:
    return EnvVarArgs(name="BACKUP_DIR", value=path)


def _container(
    name: str, image: Input[str], command: list[str], env: list[EnvVarArgs], mount: VolumeMountArgs
) -> ContainerArgs:
    return ContainerArgs(
        name=name,
        image=image,
        command=command,
        env=env,
        resources=resources("100m", "128Mi", "512Mi"),
        volume_mounts=[VolumeMountArgs(name="scripts", mount_path=SCRIPTS_DIR, read_only=True), TMP, mount],
        termination_message_policy="FallbackToLogsOnError",  # `kubectl describe pod` says why
    )


def _volumes(claim: Claim, scripts: Input[str]) -> list[VolumeArgs]:
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
    return [
        VolumeArgs(name="scripts", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
        VolumeArgs(name="claim", persistent_volume_claim=source),
        tmp_volume("1Gi"),
    ]
