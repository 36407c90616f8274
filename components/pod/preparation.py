"""The Job that makes the role folders where root owns the file system."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import (
    JobSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ConfigMapVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSecurityContextArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from .args import ClusterImposes
from .files import content_hash, runtime_files
from .folders import SCRIPT, prepare_container, prepare_task
from .names import CLAIMS_DIR
from .preparation_namespace import PreparationSpace
from .spec import Pod, pod_template

NEEDS_PEOPLE = 78
"""Exit code of prepare.py when trying again does not help."""
JOB_ANNOTATIONS = {
    # The server was put right after a failure: the next `up` tries again (pulumi-kubernetes#1575).
    "pulumi.com/replaceUnready": "true",
    "policy.kotaemon.dev/pod-user": "only root can give folders away: once, with CHOWN alone, without network or token",
}
"""Annotations of the Job. The second one says why it may run as root: the rules in policy/ ask for a reason."""


def job_spec(
    image: Input[str],
    claim_name: str,
    script_map: Input[str],
    task: str,
    cluster_imposes: ClusterImposes | None = None,
) -> JobSpecArgs:
    """The Job: root, because only root can give folders away, and of root's rights that one alone.

    It has no ttl: a finished Job that went away would be made and run again by every `up`.
    """
    security = SecurityContextArgs(
        run_as_user=0,
        run_as_group=0,
        allow_privilege_escalation=False,
        capabilities=CapabilitiesArgs(drop=["ALL"], add=["CHOWN"]),
        read_only_root_filesystem=True,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )
    mount = VolumeMountArgs(name="claim", mount_path=f"{CLAIMS_DIR}/{claim_name}")
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim_name)
    pod = Pod(
        restart_policy="Never",
        security=PodSecurityContextArgs(seccomp_profile=SeccompProfileArgs(type="RuntimeDefault")),
        containers=[prepare_container(image, task, [mount], security)],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=script_map)),
            VolumeArgs(name="claim", persistent_volume_claim=source),
        ],
    )
    return JobSpecArgs(
        backoff_limit=3,
        pod_failure_policy=PodFailurePolicyArgs(
            rules=[
                PodFailurePolicyRuleArgs(
                    action="FailJob",
                    on_exit_codes=PodFailurePolicyOnExitCodesRequirementArgs(operator="In", values=[NEEDS_PEOPLE]),
                )
            ]
        ),
        template=pod_template({"app.kubernetes.io/name": "kotaemon-prepare"}, pod, cluster_imposes),
    )


@dataclass(frozen=True)
class Work:
    """What the Job is to do, and where."""

    claim_name: str
    folders: list[str]
    image: Input[str]
    uid: int
    gid: int
    place: list[Input[str]]
    """Values that identify the file system, such as server and path: for another file system another Job is made."""
    cluster_imposes: ClusterImposes
    give_root: bool = False
    """Whether the root of the file system is handed over as well, because it is squashed next."""


def prepare_job(
    parent: pulumi.Resource, name: str, space: PreparationSpace, claim: k8s.core.v1.PersistentVolumeClaim, work: Work
) -> Output[str]:
    """The Job, in a namespace without network; its name.

    The name carries a hash of the task: the same task never runs twice on one file system, and a new one is a new Job.
    """
    files = runtime_files(SCRIPT)
    task = prepare_task([(work.claim_name, work.folders, False)], work.uid, work.gid, give_root=work.give_root)
    job = Output.all(work.image, *work.place).apply(
        lambda place: f"{work.claim_name}-{content_hash({'task': task, 'where': ' '.join(map(str, place)), **files})}"
    )
    k8s.batch.v1.Job(
        f"{name}-job",
        metadata=ObjectMetaArgs(name=job, namespace=space["namespace"], annotations=JOB_ANNOTATIONS),
        spec=job_spec(work.image, work.claim_name, space["script"], task, work.cluster_imposes),
        opts=ResourceOptions(
            parent=parent,
            depends_on=[claim],
            # the image is 8-10 GB unpacked, and may be new to the node
            custom_timeouts=CustomTimeouts(create="40m"),
        ),
    )
    return job
