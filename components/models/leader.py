"""The pod that has the claim of the role `models`: a web server for its versions, and who announces them."""

from collections.abc import Mapping, Sequence

from pulumi import Input
from pulumi_kubernetes.apps.v1 import DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    HTTPGetActionArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    ProbeArgs,
    SecretVolumeSourceArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..contract import RoleMount
from ..pod.args import ClusterImposes
from ..pod.folders import prepare_container, prepare_task
from ..pod.names import CLAIMS_DIR, PYTHON, RUNTIME_DIR
from ..pod.recreate import recreate
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from ..pod.variables import plain
from .files import ANNOUNCE
from .names import LEADER_PORT, VERSIONS, leader_labels
from .pod import TRUST, folders

WEB_IMAGE = "docker.io/nginxinc/nginx-unprivileged:1.30.4-alpine"
"""nginx of its stable line, which runs as any user."""
MODELS, TLS_DIR, WEB_CONFIG = "/models", "/etc/kotaemon-tls", "nginx.conf"
START_MINUTES = 35
"""What the first pull of the application's image may take, which has 8 to 10 GB unpacked (docs/facts/kotaemon.md 1)."""
HEALTH_PATH = "/healthz"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def web_config() -> str:
    """The web server: the folder of the published versions, read-only, over TLS, and nothing else.

    The certificate is named by a variable, so it is read for each connection: a renewed one needs no restart
    (https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_certificate). `disable_symlinks`: a version holds
    files and folders only, and what somebody adds to it on the claim leads nowhere else.
    """
    temporary = "\n".join(f"  {name}_temp_path /tmp/{name};" for name in _TEMPORARY)
    return f"""worker_processes 4;
pid /tmp/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
{temporary}
  log_format pulled '$remote_addr $status $body_bytes_sent "$request" "$http_range" $request_time';
  access_log /dev/stdout pulled;
  server_tokens off;
  sendfile on;
  default_type application/octet-stream;
  client_max_body_size 1k;
  map $server_port $pair {{ default {TLS_DIR}/tls; }}
  server {{
    listen {LEADER_PORT} ssl;
    ssl_certificate $pair.crt;
    ssl_certificate_key $pair.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    root {MODELS};
    location = {HEALTH_PATH} {{ access_log off; return 200; }}
    location /{VERSIONS}/ {{ limit_except GET {{ deny all; }} disable_symlinks on; }}
    location / {{ return 404; }}
  }}
}}
"""


def service_spec(name: str) -> ServiceSpecArgs:
    """The Service that pods pull from."""
    return ServiceSpecArgs(
        selector=leader_labels(name), ports=[ServicePortArgs(name="https", port=LEADER_PORT, target_port=LEADER_PORT)]
    )


def deployment_spec(
    name: str,
    role: RoleMount,
    *,
    runtime: Input[str],
    tls_secret: Input[str],
    images: tuple[Input[str], Input[str]],
    ids: tuple[int, int],
    announcer: Sequence[EnvVarArgs],
    trust: VolumeArgs | None,
    imposed: ClusterImposes,
) -> DeploymentSpecArgs:
    """One pod, in the zone of its disk: the scheduler puts it where the volume can be mounted.

    `runtime`: name of the ConfigMap with the scripts and the web server's configuration. `images`: the web server's
    and the application's. `ids`: user and group. `announcer`: variables of who announces, and `trust` its volume; None:
    nobody does.
    """
    web, python = images
    claim = role["claim"]
    versions = VolumeMountArgs(
        name="claim", mount_path=f"{MODELS}/{VERSIONS}", sub_path=f"{role['sub_path']}/{VERSIONS}", read_only=True
    )
    task = prepare_task([(claim["name"], folders(role), role["read_only"])], *ids)
    whole = VolumeMountArgs(
        name="claim", mount_path=f"{CLAIMS_DIR}/{claim['name']}", read_only=role["read_only"] or None
    )
    pod = Pod(
        security=pod_security(*ids, fs_group=claim["fs_group"]),
        leaves_lost_nodes=True,
        init_containers=[prepare_container(python, task, [whole])],
        containers=[
            web_container(web, versions),
            *([_announce(python, announcer, versions)] if trust is not None else []),
        ],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=runtime)),
            VolumeArgs(name="tls", secret=SecretVolumeSourceArgs(secret_name=tls_secret)),
            VolumeArgs(
                name="claim", persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
            ),
            tmp_volume("64Mi"),
            *([trust] if trust is not None else []),
        ],
    )
    return DeploymentSpecArgs(
        replicas=1,
        selector=LabelSelectorArgs(match_labels=leader_labels(name)),
        strategy=recreate(),
        progress_deadline_seconds=60 * START_MINUTES,
        template=pod_template(leader_labels(name), pod, imposed),
    )


def web_container(image: Input[str], versions: VolumeMountArgs) -> ContainerArgs:
    """The web server. It starts nginx itself: the image's own start writes into a folder that is read-only here."""
    health = HTTPGetActionArgs(path=HEALTH_PATH, port=LEADER_PORT, scheme="HTTPS")
    return ContainerArgs(
        name="web",
        image=image,
        command=["nginx", "-e", "stderr", "-c", f"{RUNTIME_DIR}/{WEB_CONFIG}", "-g", "daemon off;"],
        ports=[ContainerPortArgs(name="https", container_port=LEADER_PORT)],
        resources=resources("100m", "64Mi", "512Mi"),
        readiness_probe=ProbeArgs(http_get=health, period_seconds=5, timeout_seconds=5),
        liveness_probe=ProbeArgs(http_get=health, period_seconds=30, timeout_seconds=10, failure_threshold=5),
        volume_mounts=[
            _RUNTIME,
            TMP,
            VolumeMountArgs(name="tls", mount_path=TLS_DIR, read_only=True),
            versions,
        ],
    )


_RUNTIME = VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True)


def _announce(image: Input[str], env: Sequence[EnvVarArgs], versions: VolumeMountArgs) -> ContainerArgs:
    told: Mapping[str, Input[str]] = {"KS_MODELS_SHARED": MODELS}
    return ContainerArgs(
        name="announce",
        image=image,
        command=[PYTHON, "-S", f"{RUNTIME_DIR}/{ANNOUNCE}"],
        env=[*plain(dict(told)), *env],
        resources=resources("20m", "64Mi", "128Mi"),
        volume_mounts=[_RUNTIME, TMP, TRUST, versions],
        termination_message_policy="FallbackToLogsOnError",
    )
