"""The application's pod: admitted by Pod Security `restricted`, and nothing written outside its volumes."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    ExecActionArgs,
    HTTPGetActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    SleepActionArgs,
    TolerationArgs,
    TopologySpreadConstraintArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from components.file.preparation import prepare_container
from components.kotaemon.application import Application
from components.kotaemon.auth_proxy import proxy_container
from components.kotaemon.environment import Secrets, container_env, plain, store_variables
from components.kotaemon.names import (
    APP_DIR,
    DRIVER_DIR,
    FINISH_SECONDS,
    LOOPBACK,
    PORT,
    PROBE_PATH,
    PYTHON,
    RUNTIME_DIR,
    SSO_PROBE_PATH,
    START_LOCK_SECONDS,
    START_SECONDS,
    STOP_SECONDS,
    SYSTEM_PYTHON,
    WRITER_LOCK_SECONDS,
    labels,
)
from components.kotaemon.volumes import DRIVER, RUNTIME, TMP, app_mounts, claims_of, pod_volumes, whole_claims

DRAIN_SECONDS = 5
"""Between the end of a pod's endpoint and its SIGTERM, so that no request is sent to a pod that is closing."""
LOST_NODE_SECONDS = 5
"""How long a pod stays on a node that is gone. Kubernetes's default is five minutes of outage for nothing: the node
controller has waited its own grace before it taints the node."""
PROBE_PERIOD = 5
INSTALLER_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def pod_spec(app: Application, secrets: Secrets, runtime_map: Input[str]) -> PodSpecArgs:
    """The pod."""
    drain = DRAIN_SECONDS if app.scaled else 0
    return PodSpecArgs(
        service_account_name=app.name,
        automount_service_account_token=False,
        # A Service called gradio-server would set GRADIO_SERVER_PORT to tcp://... (facts/kotaemon.md 7).
        enable_service_links=False,
        security_context=pod_security(app),
        termination_grace_period_seconds=FINISH_SECONDS + STOP_SECONDS + drain + 10,
        tolerations=[
            TolerationArgs(
                key=f"node.kubernetes.io/{condition}",
                operator="Exists",
                effect="NoExecute",
                toleration_seconds=LOST_NODE_SECONDS,
            )
            for condition in ("not-ready", "unreachable")
        ],
        topology_spread_constraints=spread(app),
        init_containers=[*init_containers(app), *sidecars(app, secrets)],
        containers=[app_container(app, secrets)],
        volumes=pod_volumes(app, runtime_map),
    )


def pod_security(app: Application) -> PodSecurityContextArgs:
    """Who the pod is. fsGroup only for claims that need it: a server that squashes refuses its chown."""
    fs_group = any(claim["fs_group"] for claim in claims_of(app))
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=app.uid,
        run_as_group=app.gid,
        fs_group=app.gid if fs_group else None,
        fs_group_change_policy="OnRootMismatch" if fs_group else None,  # not every file at every start
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> SecurityContextArgs:
    """What `restricted` asks of every container, and a read-only image."""
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=CapabilitiesArgs(drop=["ALL"]),
        read_only_root_filesystem=True,
    )


def spread(app: Application) -> list[TopologySpreadConstraintArgs] | None:
    """Over zones, then over nodes, counting the pods of one version.

    ScheduleAnyway: a cluster at home labels no zones, and DoNotSchedule would leave every pod Pending there; and when
    a zone is full or lost, a second pod in another zone is worth more than none. With room in three zones the
    scheduler's score puts three pods into three zones (tests/cluster). Honor: a node that is gone is no domain.
    """
    if not app.scaled:
        return None
    return [
        TopologySpreadConstraintArgs(
            topology_key=key,
            max_skew=1,
            when_unsatisfiable="ScheduleAnyway",
            node_taints_policy="Honor",
            label_selector=LabelSelectorArgs(match_labels=labels(app.name)),
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def app_container(app: Application, secrets: Secrets) -> ContainerArgs:
    """The application. launch.py instead of the image's launch.sh, which ignores SIGTERM (facts/kotaemon.md 8-3)."""
    drain = LifecycleArgs(pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=DRAIN_SECONDS)))
    return ContainerArgs(
        name="kotaemon",
        image=app.image,
        command=[PYTHON, f"{RUNTIME_DIR}/launch.py"],
        working_dir=APP_DIR,
        env=container_env(app, secrets),
        ports=[ContainerPortArgs(name="http", container_port=PORT)],
        resources=ResourceRequirementsArgs(
            requests={
                "cpu": app.resources.get("cpu_request", "500m"),
                "memory": app.resources.get("memory_request", "2Gi"),
            },
            limits={"memory": app.resources.get("memory_limit", "4Gi")},
        ),
        security_context=container_security(),
        lifecycle=drain if app.scaled else None,
        startup_probe=_probe(app, PROBE_PERIOD, 5, startup_seconds(app) // PROBE_PERIOD),
        readiness_probe=_probe(app, 10, 5, 3),
        # Indexing holds the interpreter: five minutes of silence are a hang, ten seconds are not.
        liveness_probe=_probe(app, 30, 10, 10),
        volume_mounts=app_mounts(app),
    )


def startup_seconds(app: Application) -> int:
    """Budget of the startup probe. It includes the wait for the lock: a pod that waits its turn is not broken."""
    return START_SECONDS + (START_LOCK_SECONDS if app.scaled else WRITER_LOCK_SECONDS)


def _probe(app: Application, period: int, timeout: int, failures: int) -> ProbeArgs:
    # /app_id costs 6 ms and 29 bytes; / is 724 KB, and /healthz does not exist (facts/kotaemon.md 1).
    path = SSO_PROBE_PATH if app.single_sign_on else PROBE_PATH
    ask = f"import urllib.request; urllib.request.urlopen('http://{LOOPBACK}:{PORT}{path}', timeout={timeout})"
    return ProbeArgs(
        http_get=None if app.auth_proxy else HTTPGetActionArgs(path=path, port=PORT),
        # Behind the proxy it listens on loopback, where the kubelet does not reach it.
        exec_=ExecActionArgs(command=[PYTHON, "-I", "-c", ask]) if app.auth_proxy else None,
        period_seconds=period,
        timeout_seconds=timeout,
        failure_threshold=failures,
    )


def init_containers(app: Application) -> list[ContainerArgs]:
    """Before the application: the role folders; in the scaled profile also the driver and the stores."""
    task, mounts = whole_claims(app)
    prepare = prepare_container(app.image, task, mounts, container_security())
    if not app.scaled:
        return [prepare]
    wait = _init(app, "wait-stores", [PYTHON, f"{RUNTIME_DIR}/wait_stores.py"], _wait_env(app), "128Mi")
    if not app.installs_driver:
        return [prepare, wait]
    install = _init(app, "install-driver", _install_command(), _installer_env(app), "512Mi", DRIVER)
    return [prepare, install, wait]


def sidecars(app: Application, secrets: Secrets) -> list[ContainerArgs]:
    """What runs beside the application, last of the init containers: an issuer that is away keeps nobody waiting."""
    if app.auth_proxy is None or app.exposure is None:
        return []
    return [proxy_container(app.auth_proxy, app.exposure["hostname"], secrets.auth_proxy, container_security())]


def _init(
    app: Application, name: str, command: list[str], env: list[EnvVarArgs], memory: str, *mounts: VolumeMountArgs
) -> ContainerArgs:
    return ContainerArgs(
        name=name,
        image=app.image,
        command=command,
        env=env,
        resources=ResourceRequirementsArgs(requests={"cpu": "50m", "memory": memory}, limits={"memory": memory}),
        security_context=container_security(),
        volume_mounts=[RUNTIME, TMP, *mounts],
        termination_message_policy="FallbackToLogsOnError",
    )


def _install_command() -> list[str]:
    options = ["--no-cache-dir", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    pinned = ["--require-hashes", "--requirement", f"{RUNTIME_DIR}/postgres-driver.txt"]
    return [SYSTEM_PYTHON, "-m", "pip", "install", *options, *pinned, "--target", DRIVER_DIR]


def _installer_env(app: Application) -> list[EnvVarArgs]:
    """pip's own variables and the proxy, where the user gave them: PIP_INDEX_URL names a mirror."""
    return plain({name: value for name, value in sorted(app.env.items()) if name.startswith(INSTALLER_VARIABLES)})


def _wait_env(app: Application) -> list[EnvVarArgs]:
    urls = ("QDRANT_URL", "MILVUS_URI", "ELASTICSEARCH_URL")
    return [variable for variable in store_variables(app) if variable.name in urls]
