"""The nightly copy of a bundled store onto the shared files."""

import re
from pathlib import Path
from typing import TypedDict

from pulumi import Input
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EnvVarArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodTemplateSpecArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..contract import Claim
from ..pod.args import ClusterImposes
from ..pod.names import GID, UID
from ..pod.spec import TMP, Pod, pod_security, pod_spec, resources, tmp_volume
from ..refusal import because, refused_folder

SCRIPTS_DIR = "/etc/kotaemon"
BACKUP_DIR = "/backup"
CLAIM_DIR = "/claim"
SCHEDULE = "15 2 * * *"
KEEP = 14
HOURS = 6
"""Limit of one run; a run that hangs must not keep the next one from starting."""


class BackupArgs(TypedDict):
    """Where a store's nightly copy goes."""

    claim: Claim
    """A file claim: the job runs wherever there is room, and the store's own disk is the one that may be lost."""
    folder: str
    """Folder on the claim, one level, for this store alone."""
    schedule: NotRequired[Input[str]]
    """Cron line in UTC; default 02:15 every night."""
    keep: NotRequired[int]
    """How many copies stay; default 14. By number, not by age: when nothing new is written, nothing old goes."""
    uid: NotRequired[int]
    """User of the job, who owns the shared files; default 1001."""
    gid: NotRequired[int]
    """Group of the job; default 1001."""


def backup_mistakes(args: BackupArgs | None) -> list[str]:
    """What is wrong with the arguments of a nightly copy."""
    if args is None:
        return []
    folder, schedule, keep = args["folder"], args.get("schedule", SCHEDULE), int(args.get("keep", KEEP))
    deep = f"{folder!r} is not allowed; one level: the kubelet would have to pass through the others"
    return [
        *because("backup.folder", refused_folder(folder) or (deep if "/" in folder else "")),
        *because("backup.schedule", refused_schedule(schedule) if isinstance(schedule, str) else ""),
        *because("backup.keep", "" if keep >= 1 else f"{keep} is not allowed; it must be 1 or more"),
    ]


def refused_schedule(schedule: str) -> str:
    """Why a text is no cron line; empty when it is one."""
    if re.fullmatch(r"\S+( \S+){4}", schedule):
        return ""
    return f"{schedule!r} is not allowed; it must be a cron line of five fields, for example 15 2 * * *"


def script(name: str) -> str:
    """Text of a file in components/state/runtime."""
    return (Path(__file__).parent / "runtime" / name).read_text()


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
    return CronJobSpecArgs(
        schedule=args.get("schedule", SCHEDULE),
        time_zone="Etc/UTC",
        concurrency_policy="Forbid",
        starting_deadline_seconds=3600,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=3,
        job_template=JobTemplateSpecArgs(
            spec=JobSpecArgs(
                backoff_limit=2,
                active_deadline_seconds=HOURS * 3600,
                template=PodTemplateSpecArgs(
                    metadata=ObjectMetaArgs(labels=labels),
                    spec=pod_spec(pod, cluster_imposes),
                ),
            )
        ),
    )


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
