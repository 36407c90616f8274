"""The application's pod: admitted by Pod Security `restricted`, and nothing written outside its volumes."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    ExecActionArgs,
    HTTPGetActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSecurityContextArgs,
    ProbeArgs,
    SleepActionArgs,
    TopologySpreadConstraintArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..contract import Medium, Role
from ..models import pod as models
from ..pod import spec
from ..pod.folders import prepare_container
from ..pod.names import PYTHON, RUNTIME_DIR, application_labels
from ..pod.spec import TMP, Pod, resources
from ..pod.variables import plain
from .application import Application
from .auth_proxy import proxy_container
from .environment import Secrets, container_env, role_dir, store_variables
from .names import (
    APP_DIR,
    DRIVER_DIR,
    FINISH_SECONDS,
    LOOPBACK,
    METRICS_PORT,
    PORT,
    PROBE_PATH,
    SSO_PROBE_PATH,
    START_LOCK_SECONDS,
    START_SECONDS,
    STOP_SECONDS,
    SYSTEM_PYTHON,
    WRITER_LOCK_SECONDS,
)
from .network import store_hosts
from .session_export import export_container
from .volumes import DRIVER, RUNTIME, app_mounts, claims_of, pod_volumes, volume_of, whole_claims

DRAIN_SECONDS = 5
"""Between the end of a pod's endpoint and its SIGTERM, so that no request is sent to a pod that is closing."""
PROBE_PERIOD = 5
TOUCH_SECONDS = 4
"""What the readiness probe gives the storage, and then the application, to answer."""
INSTALLER_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def app_pod(app: Application, secrets: Secrets, runtime_map: Input[str]) -> Pod:
    """The pod, without what the cluster imposes. `runtime_map`: name of the ConfigMap with the runtime files."""
    drain = DRAIN_SECONDS if app.scaled else 0
    return Pod(
        service_account=app.name,
        security=pod_security(app),
        grace_seconds=FINISH_SECONDS + STOP_SECONDS + drain + 10,
        leaves_lost_nodes=True,
        spread=spread(app),
        init_containers=[*init_containers(app), *sidecars(app, secrets)],
        containers=[app_container(app, secrets)],
        volumes=pod_volumes(app, runtime_map),
        direct_hosts=store_hosts(app.stores),
    )


def pod_security(app: Application) -> PodSecurityContextArgs:
    """Who the pod is. fsGroup only for claims that need it: a server that squashes refuses its chown."""
    return spec.pod_security(app.uid, app.gid, fs_group=any(claim["fs_group"] for claim in claims_of(app)))


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
            label_selector=LabelSelectorArgs(match_labels=application_labels(app.name)),
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def app_container(app: Application, secrets: Secrets) -> ContainerArgs:
    """The application's container.

    It starts launch.py instead of the image's launch.sh, which ignores SIGTERM (docs/facts/kotaemon.md 8-3).
    """
    drain = LifecycleArgs(pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=DRAIN_SECONDS)))
    return ContainerArgs(
        name="kotaemon",
        image=app.image,
        command=[PYTHON, f"{RUNTIME_DIR}/launch.py"],
        working_dir=APP_DIR,
        env=container_env(app, secrets),
        ports=_ports(app),
        resources=resources(
            app.resources.get("cpu_request", "500m"),
            app.resources.get("memory_request", "2Gi"),
            app.resources.get("memory_limit", "4Gi"),
        ),
        lifecycle=drain if app.scaled else None,
        startup_probe=_probe(app, PROBE_PERIOD, 5, startup_seconds(app) // PROBE_PERIOD),
        readiness_probe=readiness(app),
        # Indexing holds the interpreter: five minutes of silence are a hang, ten seconds are not.
        liveness_probe=_probe(app, 30, 10, 10),
        volume_mounts=app_mounts(app),
    )


def _ports(app: Application) -> list[ContainerPortArgs]:
    numbers = [ContainerPortArgs(name="metrics", container_port=METRICS_PORT)] if app.monitors else []
    return [ContainerPortArgs(name="http", container_port=PORT), *numbers]


def startup_seconds(app: Application) -> int:
    """Budget of the startup probe. It includes the wait for the lock: a pod that waits its turn is not broken."""
    return START_SECONDS + (START_LOCK_SECONDS if app.scaled else WRITER_LOCK_SECONDS)


def readiness(app: Application) -> ProbeArgs:
    """Whether the pod gets requests. Where it has shared files, their storage has to answer as well, unless nothing but
    log files is on it: those wait for nobody.

    The application itself answers from memory while its NFS server is dead. Only readiness: a new container would get
    the same mount (docs/runbooks/storage-does-not-answer.md).
    """
    shared = {role: mount for role, mount in app.mounts.items() if mount["claim"]["medium"] == Medium.FILE}
    unasked = (Role.LOGS, *((Role.MODELS,) if app.caches_models else ()))
    folders = [role_dir(app, role) for role in shared if role not in unasked]
    if not folders:
        return _probe(app, 10, 5, 3)
    command = [PYTHON, "-I", f"{RUNTIME_DIR}/ks_ready.py", _url(app), f"{TOUCH_SECONDS}", *folders]
    return ProbeArgs(
        exec_=ExecActionArgs(command=command),
        period_seconds=10,
        timeout_seconds=2 * TOUCH_SECONDS + 2,
        failure_threshold=3,
    )


def _url(app: Application) -> str:
    return f"http://{LOOPBACK}:{PORT}{SSO_PROBE_PATH if app.single_sign_on else PROBE_PATH}"


def _probe(app: Application, period: int, timeout: int, failures: int) -> ProbeArgs:
    # /app_id costs 6 ms and 29 bytes; / is 724 KB, and /healthz does not exist (docs/facts/kotaemon.md 1).
    path = SSO_PROBE_PATH if app.single_sign_on else PROBE_PATH
    ask = f"import urllib.request; urllib.request.urlopen('{_url(app)}', timeout={timeout})"
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
    first = [prepare_container(app.image, task, mounts), *_fill(app)]
    if not app.scaled:
        return first
    wait = _init(app, "wait-stores", [PYTHON, f"{RUNTIME_DIR}/wait_stores.py"], _wait_env(app), "128Mi")
    if not app.installs_driver:
        return [*first, wait]
    install = _init(app, "install-driver", _install_command(), _installer_env(app), "512Mi", DRIVER)
    return [*first, install, wait]


def _fill(app: Application) -> list[ContainerArgs]:
    """The container that fills the cache of models, where there is one to fill."""
    if app.models is None or "cache" not in app.models or not models.filled(app.models):
        return []
    role = app.mounts[Role.MODELS]
    claim = None if app.follows_leader else models.shared_mount(role, volume_of(app, role["claim"]))
    return [models.fill_container(app.models, app.namespace, app.image, claim, RUNTIME)]


def sidecars(app: Application, secrets: Secrets) -> list[ContainerArgs]:
    """Containers that run beside the application.

    They are the last of the init containers, so an issuer that does not answer delays none of the others.
    """
    found = [export_container(app)] if app.session_export is not None else []
    if app.auth_proxy is None or app.exposure is None:
        return found
    return [*found, proxy_container(app.auth_proxy, app.exposure["hostname"], secrets.auth_proxy)]


def _init(
    app: Application, name: str, command: list[str], env: list[EnvVarArgs], memory: str, *mounts: VolumeMountArgs
) -> ContainerArgs:
    return ContainerArgs(
        name=name,
        image=app.image,
        command=command,
        env=env,
        resources=resources("50m", memory, memory),
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
