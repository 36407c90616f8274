"""Arguments of the Kotaemon component."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..contract import Profile, RoleMount
from ..models.args import Models
from ..pod.args import ClusterImposes, Endpoint
from ..state.stores import Stores
from .controllers import Controller


class PodResources(TypedDict):
    """Resources of one application pod. Idle it holds 0.8 GiB; upstream's fly.toml gives it 4 CPUs and 4 GiB."""

    cpu_request: NotRequired[Input[str]]
    """Default 500m. There is no CPU limit: starting takes about 30 CPU-seconds, and a limit would only slow it."""
    memory_request: NotRequired[Input[str]]
    """Memory that the node must have free; default 2Gi."""
    memory_limit: NotRequired[Input[str]]
    """Memory above which the pod is killed; default 4Gi."""


class Autoscaler(TypedDict):
    """A HorizontalPodAutoscaler; `scaled` only."""

    min_replicas: int
    max_replicas: int
    cpu_percent: NotRequired[int]
    """Target CPU use in percent of the request; default 80."""


class ExposureKind(str, Enum):
    """How requests from outside arrive."""

    INGRESS = "ingress"
    HTTPROUTE = "httproute"


class Exposure(TypedDict):
    """The way in. Put authentication in front: the application's own login leaves its API open."""

    kind: ExposureKind
    hostname: Input[str]
    """Public host name."""
    controller_namespace: NotRequired[Input[str]]
    """Namespace of the ingress controller or gateway, whose pods may reach the application. Nobody else may: give this,
    `controller_namespaces` or `controller_networks`."""
    controller_namespaces: NotRequired[Sequence[Input[str]]]
    """More such namespaces."""
    controller_networks: NotRequired[Sequence[Input[str]]]
    """Networks whose addresses may reach the application: the nodes of a controller on the host's network, or the
    subnets of a load balancer outside of the cluster."""
    class_name: NotRequired[Input[str]]
    """ingress: ingressClassName; required, because no controller is a default."""
    controller: NotRequired[Controller]
    """Who serves the Ingress or the route, which decides its annotations; default: by `class_name`, as far as it is
    known (components/kotaemon/controllers.py)."""
    tls_secret: NotRequired[Input[str]]
    """ingress: Secret with the certificate; default: TLS ends before the ingress."""
    annotations: NotRequired[Mapping[str, str]]
    """Added to the annotations of the Ingress or the route, and stronger; for cert-manager or another controller."""
    service_annotations: NotRequired[Mapping[str, str]]
    """Added to the annotations of the Service, and stronger; for a controller that reads them there."""
    gateway_name: NotRequired[Input[str]]
    """httproute: name of the Gateway; required."""
    gateway_namespace: NotRequired[Input[str]]
    """httproute: namespace of the Gateway; required."""
    max_upload_mib: NotRequired[int]
    """ingress: largest request body in MiB; default 1000, Kotaemon's own limit."""


class AuthProxy(TypedDict):
    """oauth2-proxy in front of every request, beside the application in its pod.

    The application's own login leaves its API open: anybody who reaches it uploads files and makes indexes
    (docs/facts/kotaemon.md 3). With this nobody reaches it without a login at your OpenID Connect issuer.
    """

    issuer_url: Input[str]
    """For example https://login.example.com/realms/people. Register https://<hostname>/oauth2/callback there."""
    client_id: Input[str]
    client_secret: Input[str]
    """Goes into a Secret. The key of the session cookie is derived from it: a new one logs everybody out."""
    email_domains: list[str]
    """Whose people may enter, for example example.com; `*`: everybody whom the issuer knows."""
    allowed_groups: NotRequired[list[str]]
    """Only members of one of these groups; default: no restriction."""
    issuer_endpoint: NotRequired[Endpoint]
    """Where the issuer is, for the NetworkPolicy, when it is not open already; see model_endpoints."""
    image: NotRequired[Input[str]]
    """Image of oauth2-proxy; default: a pinned version of quay.io/oauth2-proxy/oauth2-proxy."""


class LogFiles(TypedDict):
    """How large the files in the role `logs` may become; defaults: components/kotaemon/runtime/ks_log.py."""

    max_file_mib: NotRequired[int]
    """MiB of one file; the next line begins a new one. Default 64."""
    files: NotRequired[int]
    """Number of files of each pod: the one that is written, and those before it. Default 4."""
    max_total_mib: NotRequired[int]
    """MiB of the files of all pods together, also of pods that are gone; the oldest go first. Default 4096."""


class SessionExport(TypedDict):
    """Each user's conversations as files that a person can read, in the folder `sessions` of the role `eval`."""

    lag_seconds: NotRequired[int]
    """Greatest lag of the files behind the database, in seconds; default 60."""


class KotaemonArgs(TypedDict):
    """Arguments of Kotaemon."""

    namespace: Input[str]
    """An existing namespace with Pod Security `restricted`; see ApplicationNamespace."""
    storage: Mapping[str, RoleMount]
    """Role -> claim, sub-path, read-only flag; see contract.StorageMap. Required roles: indexes, models, uploads, and
    sessions in the single-writer profile."""
    profile: NotRequired[Profile]
    """How it runs; default single-writer."""
    image: NotRequired[Input[str]]
    """Image of version 0.11.2 or later, pinned by tag or digest; default ghcr.io/cinnamon/kotaemon:0.11.3-lite."""
    replicas: NotRequired[int]
    """Pods; default 1. More than one needs the scaled profile."""
    uid: NotRequired[int]
    """User of the pod and owner of the data; default 1001. Never 0."""
    gid: NotRequired[int]
    """Group of the pod and of the data; default 1001. Never 0."""
    resources: NotRequired[PodResources]
    """Requests and limits of one pod."""
    env: NotRequired[Mapping[str, str]]
    """Plain environment of the application, for example OPENAI_API_BASE."""
    api_keys: NotRequired[Mapping[str, Input[str]]]
    """Secret environment: variable -> value, for example OPENAI_API_KEY. Goes into a Secret."""
    admin_name: NotRequired[str]
    """Name of the first administrator; default admin."""
    admin_password: NotRequired[Input[str]]
    """Password of the first administrator; default: generated once, kept in a Secret. The application reads it once."""
    stores: NotRequired[Stores]
    """State of the scaled profile; required there, refused in single-writer."""
    autoscaler: NotRequired[Autoscaler]
    """Scales the pods with their CPU use, in the profile scaled only. Default: the number is `replicas`."""
    was_autoscaled: NotRequired[bool]
    """Whether an autoscaler was there before this run; default false. In the run that switches it off no pod is taken
    away: the number stays what it has come to, or rises to `replicas`."""
    exposure: NotRequired[Exposure]
    """The way in from outside. Default: none, and people reach the application by `kubectl port-forward`."""
    auth_proxy: NotRequired[AuthProxy]
    """Authentication in front; needs an exposure. Default none: then it has to be in front of the ingress."""
    models: NotRequired[Models]
    """Models as published versions, with a cache on the node. Default: the pods use the folder of the role `models` as
    it is, and may write to it."""
    had_model_version: NotRequired[bool]
    """Whether the pods had a version of models before this run, which the release may have changed since; default true.
    False in the run that adds `models` to a living application: otherwise its pods would get no version."""
    model_endpoints: NotRequired[list[Endpoint]]
    """Where the pods may call models. Default: TCP 443 anywhere but link-local addresses (cloud metadata)."""
    monitors: NotRequired[list[Endpoint]]
    """Who may read the numbers of the pods, from their port 9464; the port is filled in. Default: nobody, and the pods
    open no such port."""
    logs: NotRequired[LogFiles]
    """Sizes of the files in the role `logs`, which only count where the storage map has that role."""
    session_export: NotRequired[SessionExport]
    """Writes each user's conversations to files, by a sidecar. Default: they are in the database alone."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete the Secret with the generated password; default true. It is kept on deletion in any case."""
