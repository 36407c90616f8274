"""Arguments of LogShipping: who reads the logs, with which program, and where they go."""

from collections.abc import Mapping
from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..contract import RoleMount
from ..pod.args import ClusterImposes, Endpoint


class LogReader(str, Enum):
    """Who reads the logs."""

    SHARED_FILES = "shared-files"
    """One pod that reads the files in the role `logs`, which must be on a claim that several pods mount."""
    NODE_AGENT = "node-agent"
    """A pod on every node that reads what the containers of that node wrote to their standard output."""


class LogProgram(str, Enum):
    """Which program ships."""

    OPENTELEMETRY = "opentelemetry"
    """The OpenTelemetry Collector."""
    FLUENT_BIT = "fluent-bit"
    """Fluent Bit, for those who run it anyway. Its configuration is rendered and checked, and was not run."""


class LogOutputKind(str, Enum):
    """Where the logs go: one file each in components/logs/outputs/, and sls.py."""

    OTLP = "otlp"
    """A server that speaks the OpenTelemetry protocol."""
    ELASTICSEARCH = "elasticsearch"
    CLOUDWATCH = "cloudwatch"
    """Amazon CloudWatch Logs."""
    LOKI = "loki"
    """Grafana Loki, from version 3 on, by its own OTLP endpoint."""
    SLS = "sls"
    """Alibaba Cloud Simple Log Service, by LoongCollector of the cluster, which reads the standard output."""


class LogOutput(TypedDict):
    """Where the logs go. Which fields a kind takes is in its file."""

    kind: LogOutputKind
    endpoint: NotRequired[str]
    """otlp, elasticsearch, loki: base URL of the server, for example https://otlp.example.com:4318."""
    grpc: NotRequired[bool]
    """otlp: OTLP over gRPC in place of HTTP; default false."""
    index: NotRequired[str]
    """elasticsearch: the index or data stream; default logs-kotaemon-default."""
    region: NotRequired[str]
    """cloudwatch, sls: the region."""
    log_group: NotRequired[str]
    """cloudwatch: the log group; it is made when it is not there."""
    tenant: NotRequired[str]
    """loki: the tenant (header X-Scope-OrgID); default: none."""
    project: NotRequired[str]
    """sls: the project."""
    logstore: NotRequired[str]
    """sls: the Logstore."""


class LogShippingArgs(TypedDict):
    """Arguments of LogShipping."""

    namespace: Input[str]
    """Namespace of the application. A node agent has a namespace of its own, `<namespace>-logs`."""
    output: LogOutput
    """Where the lines are sent."""
    application: NotRequired[str]
    """Name of the component Kotaemon; default kotaemon. Its pods' names begin with it."""
    reader: NotRequired[LogReader]
    """Default shared-files."""
    program: NotRequired[LogProgram]
    """Default opentelemetry."""
    logs: NotRequired[RoleMount]
    """Where the role `logs` is; needed by shared-files."""
    credentials: NotRequired[Mapping[str, Input[str]]]
    """Credential -> value, in the names of the output (components/logs/outputs/). Goes into a Secret."""
    credentials_secret: NotRequired[Input[str]]
    """Name of an existing Secret with the credentials of the output, in place of `credentials`."""
    server: NotRequired[Endpoint]
    """Where the output's server is, for the NetworkPolicy. Default: read from the URL, which works for a Service, an IP
    address, and any host on port 443."""
    monitors: NotRequired[list[Endpoint]]
    """Who may read the numbers of the shipping pods; the port is filled in. Default: nobody."""
    image: NotRequired[Input[str]]
    """Image of the program; default: a pinned version."""
    role_arn: NotRequired[Input[str]]
    """cloudwatch: IAM role of the pods' service account (IRSA), in place of credentials."""
    state_class: NotRequired[Input[str]]
    """shared-files: StorageClass of a disk of 2 GiB for what was read and what is waiting. Default: an emptyDir, which
    outlives the container, and not the pod: a new pod sends the files that are there once more."""
    uid: NotRequired[int]
    """User of the pods; default 1001, the owner of the files."""
    gid: NotRequired[int]
    """Group of the pods; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod. Default: nothing."""
