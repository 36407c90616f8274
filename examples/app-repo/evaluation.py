"""The CronJob for the nightly evaluation, with its volumes."""

import pulumi_kubernetes as k8s
from kotaemon_outputs import KotaemonOutputs, Mount
from pulumi import Input, Output

ROLES = ("eval", "models")
SCHEDULE = "17 2 * * *"
"""Cron line in UTC. It runs at night, because it uses the same file server as the application."""
COMMAND = ["python", "-c", "import pathlib; print(*sorted(str(p) for p in pathlib.Path('/data').rglob('*'))[:100])"]
"""Example in place of your own evaluation: it lists the first hundred files."""


def volumes(mounts: list[Mount]) -> list[k8s.core.v1.VolumeArgs]:
    """One volume for each claim, because two roles may be on one claim. All are read-only."""
    claims = sorted({mount["claim"] for mount in mounts})
    return [
        k8s.core.v1.VolumeArgs(
            name=claim,
            persistent_volume_claim=k8s.core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim, read_only=True),
        )
        for claim in claims
    ]


def volume_mounts(mounts: list[Mount]) -> list[k8s.core.v1.VolumeMountArgs]:
    """One mount for each role: its folder of the claim."""
    return [
        k8s.core.v1.VolumeMountArgs(
            name=mount["claim"], mount_path=f"/data/{role}", sub_path=mount["sub_path"], read_only=True
        )
        for role, mount in zip(ROLES, mounts, strict=True)
    ]


def evaluation(name: str, kotaemon: KotaemonOutputs, *, image: Input[str]) -> k8s.batch.v1.CronJob:
    """The CronJob. It is in the application's namespace, which admits only pods of the security level `restricted`."""
    mounts = Output.all(*(kotaemon.mount(role) for role in ROLES))
    container = k8s.core.v1.ContainerArgs(
        name="evaluation",
        image=image,
        command=COMMAND,
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={"cpu": "500m", "memory": "1Gi"}, limits={"memory": "1Gi"}
        ),
        security_context=k8s.core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
            read_only_root_filesystem=True,
        ),
        volume_mounts=mounts.apply(volume_mounts),
    )
    pod = k8s.core.v1.PodSpecArgs(
        restart_policy="Never",
        automount_service_account_token=False,
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=kotaemon.uid,
            run_as_group=kotaemon.gid,
            seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[container],
        volumes=mounts.apply(volumes),
    )
    return k8s.batch.v1.CronJob(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=kotaemon.namespace),
        spec=k8s.batch.v1.CronJobSpecArgs(
            schedule=SCHEDULE,
            concurrency_policy="Forbid",
            job_template=k8s.batch.v1.JobTemplateSpecArgs(
                spec=k8s.batch.v1.JobSpecArgs(backoff_limit=1, template=k8s.core.v1.PodTemplateSpecArgs(spec=pod))
            ),
        ),
    )
