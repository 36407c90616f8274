"""The Jobs of a move: as every pod of this program is, with the two claims, and placed beside a disk that is in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pulumi import Input
from pulumi_kubernetes.batch.v1 import (
    JobSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EnvVarArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from components.contract import Claim, Medium
from components.pod.args import ClusterImposes
from components.pod.names import PYTHON
from components.pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from components.pod.variables import plain
from stacks.manifests import manifest
from stacks.moving.copy_folders import NEEDS_PEOPLE
from stacks.moving.copy_folders import OWN as NOT_COPIED
from stacks.moving.state import LABELS, State, map_name

IMAGE = "quay.io/backube/volsync:0.15.0"
"""Image with rsync and rclone, for amd64 and arm64 (https://github.com/backube/volsync, Dockerfile)."""
SCRIPTS_DIR = "/etc/kotaemon-move"
FROM, TO = "/from", "/to"
MARK = ".kotaemon-move"
"""File on the target that in_pod.py makes; a test compares both."""
VANISHED = 24
"""rsync's exit code when a file went while it copied: expected while the application runs (rsync(1))."""
TOOL_VARIABLES: dict[str, Input[str]] = {
    "HOME": "/tmp",  # noqa: S108 the pod's own emptyDir
    "RCLONE_INPLACE": "true",
}
"""rclone writes under the file's own name. As a variable: releases before 1.63 always did, and know no such option."""
RSYNC = f'rsync "$@"; code=$?; [ "$code" = {VANISHED} ] && exit 0; exit "$code"'
"""A shell line whose words come separately, as that of rclone."""
RCLONE = 'rclone "$@" || echo "files changed while they were copied; the last copy takes them"'
"""The first copy while the application runs: rclone fails for every file that changes or goes meanwhile."""


@dataclass(frozen=True)
class Side:
    """A folder of a claim."""

    claim: Claim
    folder: str

    @property
    def text(self) -> str:
        """The side as the state has it."""
        return f"{self.claim['name']}/{self.folder}"


@dataclass(frozen=True)
class Work:
    """What the Jobs of one move have in common."""

    namespace: str
    image: str
    """Image of the application: it has the Python that compares."""
    uid: int
    gid: int
    imposed: ClusterImposes
    old: Side
    new: Side
    beside: Mapping[str, str] | None = None
    """Labels of the pods on whose node the Job has to run, because they hold a disk that it mounts. None: any node."""

    def near(self, labels: Mapping[str, str] | None) -> "Work":
        """The same, on the node of these pods."""
        return replace(self, beside=labels)


def measuring(work: Work, state: State, *, source: bool, target: bool) -> dict[str, Any]:
    """The Job that measures the sides that can be mounted now."""
    words = ["measure", f"{FROM}/{work.old.folder}" if source else "-", f"{TO}/{work.new.folder}" if target else "-"]
    return _job(work, state, "measure", [_python("measure", work, words, _mounts(work, source=source, target=target))])


def copying(work: Work, state: State, *, last: bool, by_content: bool = False) -> dict[str, Any]:
    """The Job that makes the target like the source; the last one also compares their manifests.

    `by_content`: trust neither size nor time of a file, and read all of both sides.
    """
    sides = [state.id, f"{FROM}/{work.old.folder}", f"{TO}/{work.new.folder}"]
    mounts = _mounts(work)
    tool = ContainerArgs(
        name="copy",
        image=IMAGE,
        command=copy_command(work, last=last, by_content=by_content),
        env=plain(TOOL_VARIABLES),
        resources=resources("250m", "256Mi", "1Gi"),
        termination_message_policy="FallbackToLogsOnError",
        volume_mounts=[TMP, *mounts],
    )
    begin = _python("begin", work, ["begin", *sides], mounts)
    if not last:
        return _job(work, state, "sync", [begin, tool])
    compare = _python("compare", work, ["compare", *sides], mounts)
    return _job(work, state, "compare-all" if by_content else "compare", [begin, tool, compare])


def copy_command(work: Work, *, last: bool = True, by_content: bool = False) -> list[str]:
    """rsync between file systems, rclone where a bucket is on one side.

    A bucket that is mounted knows no renaming and no times of files, which rsync needs: rclone writes a file in one go,
    under its own name, and compares contents.
    """
    source, target = f"{FROM}/{work.old.folder}", f"{TO}/{work.new.folder}"
    if Medium.OBJECT in (work.old.claim["medium"], work.new.claim["medium"]):
        out = [word for name in (*NOT_COPIED, MARK) for word in ("--exclude", name, "--exclude", f"{name}/**")]
        given = ["sync", source, target, "--config", "", "--checksum", "--no-update-modtime", "--copy-links", *out]
        return ["rclone", *given] if last else ["sh", "-c", RCLONE, "sh", *given, "--ignore-errors", "--retries", "1"]
    # Times are compared to the nanosecond: by whole seconds, a file that was written twice in one counts as copied.
    out = ["--modify-window=-1", f"--exclude=/{MARK}", *(f"--exclude={name}" for name in NOT_COPIED)]
    options = ["--recursive", "--links", "--perms", "--times", "--omit-dir-times", "--sparse", "--delete-delay"]
    given = [*options, *(["--checksum"] if by_content else []), *out, f"{source}/", f"{target}/"]
    return ["sh", "-c", RSYNC, "sh", *given]


def _python(name: str, work: Work, words: Sequence[str], mounts: Sequence[VolumeMountArgs]) -> ContainerArgs:
    return ContainerArgs(
        name=name,
        image=work.image,
        command=[PYTHON, f"{SCRIPTS_DIR}/in_pod.py", *words],
        env=[
            EnvVarArgs(name="KS_SOURCE_MEDIUM", value=work.old.claim["medium"].value),
            EnvVarArgs(name="KS_TARGET_MEDIUM", value=work.new.claim["medium"].value),
            EnvVarArgs(name="PYTHONDONTWRITEBYTECODE", value="1"),
        ],
        resources=resources("250m", "128Mi", "512Mi"),
        termination_message_policy="FallbackToLogsOnError",
        volume_mounts=[VolumeMountArgs(name="scripts", mount_path=SCRIPTS_DIR, read_only=True), *mounts],
    )


def _mounts(work: Work, *, source: bool = True, target: bool = True) -> list[VolumeMountArgs]:
    """The two sides. One claim is one volume, mounted twice: a disk is attached once."""
    old, new = _volume_names(work)
    found = [VolumeMountArgs(name=old, mount_path=FROM, read_only=True)] if source else []
    return [*found, *([VolumeMountArgs(name=new, mount_path=TO)] if target else [])]


def _volume_names(work: Work) -> tuple[str, str]:
    return "old", "old" if work.old.claim["name"] == work.new.claim["name"] else "new"


def _job(work: Work, state: State, name: str, containers: Sequence[ContainerArgs]) -> dict[str, Any]:
    """A Job whose containers run one after the other."""
    names = _volume_names(work)
    mounted = {str(mount.name) for one in containers for mount in cast("list[VolumeMountArgs]", one.volume_mounts)}
    claims = {volume: side.claim["name"] for volume, side in zip(names, (work.old, work.new), strict=True)}
    pod = Pod(
        restart_policy="Never",
        security=pod_security(work.uid, work.gid, fs_group=work.old.claim["fs_group"] or work.new.claim["fs_group"]),
        init_containers=containers[:-1],
        containers=containers[-1:],
        volumes=[
            VolumeArgs(name="scripts", config_map=ConfigMapVolumeSourceArgs(name=map_name(state.role))),
            tmp_volume("1Gi"),
            *(
                VolumeArgs(name=volume, persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim))
                for volume, claim in claims.items()
                if volume in mounted
            ),
        ],
    )
    spec = manifest(_spec(work, pod, [str(one.name) for one in containers if one.name != "copy"]))
    if work.beside is not None:
        near = {"labelSelector": {"matchLabels": dict(work.beside)}, "topologyKey": "kubernetes.io/hostname"}
        affinity = spec["template"]["spec"].setdefault("affinity", {}).setdefault("podAffinity", {})
        affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", []).append(near)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{map_name(state.role)}-{state.id[:6]}-{state.round}-{name}",
            "namespace": work.namespace,
            "labels": LABELS,
        },
        "spec": spec,
    }


def _spec(work: Work, pod: Pod, ours: Sequence[str]) -> JobSpecArgs:
    """`ours`: the containers that say by their exit code when trying again does not help."""
    refused = [
        PodFailurePolicyOnExitCodesRequirementArgs(container_name=name, operator="In", values=[1, NEEDS_PEOPLE])
        for name in ours
    ]
    return JobSpecArgs(
        backoff_limit=3,
        pod_failure_policy=PodFailurePolicyArgs(
            rules=[PodFailurePolicyRuleArgs(action="FailJob", on_exit_codes=one) for one in refused]
        ),
        template=pod_template(LABELS, pod, work.imposed),
    )
