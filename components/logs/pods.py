"""The pods that ship: one reader of the shared files, or an agent on every node."""

from pulumi import Input
from pulumi_kubernetes.apps.v1 import (
    DaemonSetSpecArgs,
    DaemonSetUpdateStrategyArgs,
    RollingUpdateDaemonSetArgs,
    StatefulSetSpecArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    HostPathVolumeSourceArgs,
    HTTPGetActionArgs,
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    ProbeArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from ..pod.args import SecretKey
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from ..pod.variables import plain, secret_variable
from .args import LogProgram
from .collector import FLAGS, HEALTH_PORT, LOGS_DIR, MEMORY_MIB, METRICS_PORT, NAMESPACE, NODE_LOGS, STATE_DIR
from .shipping import Shipping

CONFIG_DIR = "/etc/kotaemon-logs"
FILES = {LogProgram.OPENTELEMETRY: "collector.json", LogProgram.FLUENT_BIT: "fluent-bit.yaml"}
"""The file of each program in the ConfigMap. Fluent Bit knows the format by the ending, and JSON is YAML."""
COMMANDS = {
    LogProgram.OPENTELEMETRY: ["/otelcol-contrib", f"--config={CONFIG_DIR}/collector.json", *FLAGS],
    LogProgram.FLUENT_BIT: ["/fluent-bit/bin/fluent-bit", f"--config={CONFIG_DIR}/fluent-bit.yaml"],
}
HEALTH = {LogProgram.OPENTELEMETRY: ("/", HEALTH_PORT), LogProgram.FLUENT_BIT: ("/api/v1/health", METRICS_PORT)}
METRICS_PATHS = {LogProgram.OPENTELEMETRY: "/metrics", LogProgram.FLUENT_BIT: "/api/v2/metrics/prometheus"}
STATE_SIZE = "2Gi"
READS_ROOTS_FILES = 0
"""Group of the container runtime's log files, which have mode 0640."""


def labels(name: str) -> dict[str, str]:
    """Labels that select the shipping pods."""
    return {"app.kubernetes.io/name": "kotaemon-logs", "app.kubernetes.io/instance": name}


def reader_spec(made: Shipping, config_map: Input[str], account: Input[str], secret: Input[str]) -> StatefulSetSpecArgs:
    """One reader of the shared files. A StatefulSet: two at once would send every line twice.

    The disk of the state is a template's: it holds nothing that is not in the files as well.
    """
    disk = made.state_class is not None
    logs = made.logs
    volumes = [_config_volume(config_map), tmp_volume("64Mi")]
    if logs is not None:
        source = PersistentVolumeClaimVolumeSourceArgs(claim_name=logs["claim"]["name"], read_only=True)
        volumes.append(VolumeArgs(name="logs", persistent_volume_claim=source))
    if not disk:
        volumes.append(_state_volume())
    folder = logs["sub_path"] if logs is not None else ""
    mount = VolumeMountArgs(name="logs", mount_path=LOGS_DIR, sub_path=folder, read_only=True)
    pod = Pod(
        service_account=account,
        # fsGroup for the disk of the state: it never goes over the files of the logs, which are mounted read-only.
        security=pod_security(made.uid, made.gid, fs_group=disk),
        leaves_lost_nodes=True,
        containers=[_container(made, secret, [], mount)],
        volumes=volumes,
    )
    return StatefulSetSpecArgs(
        replicas=1,
        service_name=made.name,
        selector=LabelSelectorArgs(match_labels=labels(made.name)),
        template=pod_template(labels(made.name), pod, made.cluster_imposes),
        volume_claim_templates=[_state_claim(made.state_class)] if made.state_class is not None else None,
    )


def agent_spec(made: Shipping, config_map: Input[str], account: Input[str], secret: Input[str]) -> DaemonSetSpecArgs:
    """An agent on every node, also on those with taints, because the application may be there.

    hostPath is what needs Pod Security `privileged`; apart from it the pod is as `restricted` wants it: no root, no
    capability, a read-only image and a read-only mount. It reads the runtime's files as a member of group 0.
    """
    security = pod_security(made.uid, made.gid, fs_group=False)
    security.supplemental_groups = [READS_ROOTS_FILES]
    host = VolumeArgs(name="pods", host_path=HostPathVolumeSourceArgs(path=NODE_LOGS, type="Directory"))
    mount = VolumeMountArgs(name="pods", mount_path=NODE_LOGS, read_only=True)
    pod = Pod(
        service_account=account,
        security=security,
        containers=[_container(made, secret, plain({NAMESPACE: made.namespace}), mount)],
        volumes=[_config_volume(config_map), tmp_volume("64Mi"), _state_volume(), host],
    )
    return DaemonSetSpecArgs(
        selector=LabelSelectorArgs(match_labels=labels(made.name)),
        update_strategy=DaemonSetUpdateStrategyArgs(
            type="RollingUpdate", rolling_update=RollingUpdateDaemonSetArgs(max_unavailable="25%")
        ),
        template=pod_template(labels(made.name), pod, made.cluster_imposes),
    )


def _container(made: Shipping, secret: Input[str], env: list[EnvVarArgs], mount: VolumeMountArgs) -> ContainerArgs:
    path, port = HEALTH[made.program]
    credentials = [secret_variable(name, SecretKey(secret_name=secret, key=name)) for name in made.credentials]
    # The garbage collector of Go works harder before the limit of memory is reached.
    memory = plain({"GOMEMLIMIT": f"{MEMORY_MIB * 4 // 5}MiB"}) if made.program == LogProgram.OPENTELEMETRY else []
    return ContainerArgs(
        name="shipper",
        image=made.image,
        command=COMMANDS[made.program],
        env=[*env, *credentials, *memory],
        ports=[ContainerPortArgs(name="metrics", container_port=METRICS_PORT)],
        resources=resources("50m", f"{MEMORY_MIB // 2}Mi", f"{MEMORY_MIB}Mi"),
        liveness_probe=ProbeArgs(
            http_get=HTTPGetActionArgs(path=path, port=port),
            initial_delay_seconds=10,
            period_seconds=30,
            timeout_seconds=5,
            failure_threshold=5,
        ),
        volume_mounts=[
            VolumeMountArgs(name="config", mount_path=CONFIG_DIR, read_only=True),
            VolumeMountArgs(name="state", mount_path=STATE_DIR),
            TMP,
            mount,
        ],
    )


def _config_volume(config_map: Input[str]) -> VolumeArgs:
    return VolumeArgs(name="config", config_map=ConfigMapVolumeSourceArgs(name=config_map))


def _state_volume() -> VolumeArgs:
    return VolumeArgs(name="state", empty_dir=EmptyDirVolumeSourceArgs(size_limit=STATE_SIZE))


def _state_claim(storage_class: Input[str]) -> PersistentVolumeClaimArgs:
    return PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name="state"),
        spec=PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"],
            storage_class_name=storage_class,
            resources=VolumeResourceRequirementsArgs(requests={"storage": STATE_SIZE}),
        ),
    )
