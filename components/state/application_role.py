"""A role of the application's own on a managed PostgreSQL, made by a Job in the cluster as the master user."""

import base64
import hashlib
import hmac
from typing import NamedTuple

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import JobSpecArgs
from pulumi_kubernetes.core.v1 import ConfigMapVolumeSourceArgs, ContainerArgs, PodSpecArgs, VolumeArgs, VolumeMountArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..pod.args import ClusterImposes, SecretKey
from ..pod.certificates import FILE, FOLDER, ca_mounts, ca_volumes
from ..pod.files import content_hash
from ..pod.secret import secret_data
from ..pod.spec import TMP, Pod, pod_security, pod_spec, pod_template, resources, tmp_volume
from ..pod.variables import plain, secret_variable
from .backup import SCRIPTS_DIR, script
from .postgres import POSTGRES_IMAGE, UID

USER = "kotaemon_app"
"""Name of the role, as application-role.sql has it."""
SQL = "application-role.sql"
TRIES = 6
"""How often the Job tries again: a new server's name may not resolve yet, and a table may be locked."""


class Server(NamedTuple):
    """The server, and the user who may make roles."""

    host: Input[str]
    port: int
    database: str
    user: Input[str]
    ca_config_map: Input[str] | None
    """As in DatabaseStore. None: the server is not checked."""


def role_password(master: str) -> str:
    """The role's password, from that of the master user: whoever knows it does not know the other, and no second value
    has to be kept. URL-safe."""
    made = hmac.digest(master.encode(), f"login of {USER}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def job_pod(server: Server, files: Input[str], secret: Input[str]) -> Pod:
    """The pod of the Job. It gets both passwords from a Secret that no other pod has."""
    verified = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": f"{FOLDER}/{FILE}"}
    connection: dict[str, Input[str]] = {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGDATABASE": server.database,
        "PGCONNECT_TIMEOUT": "30",
        **(verified if server.ca_config_map is not None else {"PGSSLMODE": "require"}),
    }
    container = ContainerArgs(
        name="role",
        image=POSTGRES_IMAGE,
        command=["psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", f"{SCRIPTS_DIR}/{SQL}"],
        env=[
            *plain(connection),
            secret_variable("PGPASSWORD", SecretKey(secret_name=secret, key="master")),
            secret_variable("ROLE_PASSWORD", SecretKey(secret_name=secret, key="role")),
        ],
        resources=resources("50m", "64Mi", "256Mi"),
        volume_mounts=[
            VolumeMountArgs(name="scripts", mount_path=SCRIPTS_DIR, read_only=True),
            TMP,
            *ca_mounts(server.ca_config_map),
        ],
        termination_message_policy="FallbackToLogsOnError",  # `kubectl describe pod` says why
    )
    return Pod(
        restart_policy="Never",
        security=pod_security(UID, UID, fs_group=False),
        containers=[container],
        volumes=[
            VolumeArgs(name="scripts", config_map=ConfigMapVolumeSourceArgs(name=files)),
            tmp_volume("16Mi"),
            *ca_volumes(server.ca_config_map),
        ],
    )


def planned_pod(port: int, database: str, imposes: ClusterImposes) -> PodSpecArgs:
    """`spec` of the pod, before anything is made."""
    return pod_spec(job_pod(Server("host", port, database, "user", None), "files", "secret"), imposes)


def make_role(
    parent: pulumi.Resource,
    name: str,
    namespace: Input[str],
    server: Server,
    master: Output[str],
    imposes: ClusterImposes,
) -> tuple[Output[str], pulumi.Resource]:
    """Registers the Job with its Secret and its file. Gives the role's password, and the Job to wait for.

    The Job's name has a hash of what it does and of the server's name: for another server or file it runs again.
    """
    child = ResourceOptions(parent=parent)
    password = Output.secret(master.apply(role_password))
    secret = k8s.core.v1.Secret(
        f"{name}-role",
        metadata=ObjectMetaArgs(name=f"{name}-role", namespace=namespace),
        type="Opaque",
        data=secret_data({"master": master, "role": password}),
        opts=child,
    )
    files = {SQL: script(SQL)}
    scripts = k8s.core.v1.ConfigMap(
        f"{name}-role-files",
        metadata=ObjectMetaArgs(name=f"{name}-role-{content_hash(files)}", namespace=namespace),
        data=files,
        immutable=True,
        opts=child,
    )
    spec = job_pod(
        server,
        scripts.metadata.apply(lambda metadata: metadata.name or ""),
        secret.metadata.apply(lambda metadata: metadata.name or ""),
    )
    job = k8s.batch.v1.Job(
        f"{name}-role-job",
        metadata=ObjectMetaArgs(
            name=Output.from_input(server.host).apply(
                lambda host: f"{name}-role-{content_hash({**files, 'host': host})}"
            ),
            namespace=namespace,
            # The server was put right after a failure: the next `up` tries again (pulumi-kubernetes#1575).
            annotations={"pulumi.com/replaceUnready": "true"},
        ),
        spec=JobSpecArgs(
            backoff_limit=TRIES, template=pod_template({"app.kubernetes.io/name": "kotaemon-role"}, spec, imposes)
        ),
        opts=child,
    )
    return password, job
