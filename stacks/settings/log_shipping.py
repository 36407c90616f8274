"""The key `shipping` of the section `kotaemon:logs`: where the logs go, and who carries them."""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from components.logs.args import LogProgram, LogReader
from stacks.settings.fields import ObjectName, PinnedImage, Strict, Url
from stacks.settings.stores import StoreEndpoint


class OutputSettings(Strict):
    """Where the logs go. Each kind adds its own keys."""

    kind: Any = Field(description="Kind of the output.")


class ServerOutput(OutputSettings):
    """An output that pods of this stack send to."""

    credentials: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="Credential -> value: AUTHORIZATION (the whole header) for otlp and loki; API_KEY, or USER and "
        "PASSWORD, for elasticsearch; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for cloudwatch.",
    )
    credentials_secret: ObjectName | None = Field(
        None,
        description="Existing Secret with the credentials, in the namespace of the shipping pods, in place of values "
        "in the stack file.",
    )
    server: StoreEndpoint | None = Field(
        None,
        description="Network place of the server, for the NetworkPolicy; needed for a host outside of the cluster on "
        "another port than 443.",
    )


class OtlpOutput(ServerOutput):
    """A server that speaks the OpenTelemetry protocol."""

    kind: Literal["otlp"] = Field(description="Kind of the output.")
    endpoint: Url = Field(description="Base URL, for example https://otlp.example.com:4318; /v1/logs is added.")
    grpc: bool = Field(False, description="OTLP over gRPC in place of HTTP.")


class ElasticsearchOutput(ServerOutput):
    """A cluster of Elasticsearch."""

    kind: Literal["elasticsearch"] = Field(description="Kind of the output.")
    endpoint: Url = Field(description="URL of the cluster, for example https://es.example.com:9200.")
    index: str | None = Field(None, description="Index or data stream; default logs-kotaemon-default.")


class CloudwatchOutput(ServerOutput):
    """A log group of Amazon CloudWatch Logs."""

    kind: Literal["cloudwatch"] = Field(description="Kind of the output.")
    region: str = Field(min_length=1, description="Region of the log group.")
    log_group: str = Field(min_length=1, description="Name of the log group; it is made when it is not there.")
    role_arn: str | None = Field(None, description="IAM role of the pods' service account, in place of credentials.")


class LokiOutput(ServerOutput):
    """A server or gateway of Grafana Loki, version 3 or later."""

    kind: Literal["loki"] = Field(description="Kind of the output.")
    endpoint: Url = Field(description="Base URL, for example http://loki-gateway.loki.svc; /otlp/v1/logs is added.")
    tenant: str | None = Field(None, description="Tenant (header X-Scope-OrgID); default: none.")


class SlsOutput(OutputSettings):
    """A Logstore of Alibaba Cloud Simple Log Service, filled by LoongCollector of the cluster."""

    kind: Literal["sls"] = Field(description="Kind of the output.")
    project: str = Field(min_length=1, description="Project of the Logstore.")
    logstore: str = Field(min_length=1, description="Name of the Logstore.")
    region: str = Field(min_length=1, description="Region of the project, for example cn-hangzhou.")


AnyOutput = Annotated[
    OtlpOutput | ElasticsearchOutput | CloudwatchOutput | LokiOutput | SlsOutput, Field(discriminator="kind")
]


class ShippingSettings(Strict):
    """Ships the logs to a server; see docs/logs.md."""

    output: AnyOutput = Field(description="Where the logs go.")
    reader: LogReader | None = Field(
        None,
        description="shared-files (default): one pod that reads the role logs; node-agent: a pod on each node that "
        "reads what containers print, in a namespace of its own with Pod Security privileged.",
    )
    program: LogProgram | None = Field(
        None, description="opentelemetry (default): the OpenTelemetry Collector; or fluent-bit."
    )
    image: PinnedImage | None = Field(None, description="Image of the program; default: a pinned version.")
    state_class: ObjectName | None = Field(
        None,
        description="StorageClass of a disk of 2 GiB for what was read and what waits, with shared-files. Default: an "
        "emptyDir, and a pod that is replaced sends the files once more.",
    )
