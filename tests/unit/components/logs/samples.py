"""Arguments that the tests of this folder start from."""

from typing import Any

from components.contract import Role, RoleMount
from components.file.nfs import nfs_claim
from components.logs.args import LogOutput, LogOutputKind, LogShippingArgs
from components.logs.shipping import Shipping, shipping
from components.volumes.existing_class import existing_class_claim

DISK = existing_class_claim("disk", {"namespace": "kotaemon", "storage_class": "fast", "size": "20Gi"})
FILES = nfs_claim("files", {"namespace": "kotaemon", "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"})
OUTPUTS = {
    "otlp": LogOutput(kind=LogOutputKind.OTLP, endpoint="https://otlp.example.com"),
    "grpc": LogOutput(kind=LogOutputKind.OTLP, endpoint="http://10.0.0.7:4317", grpc=True),
    "elasticsearch": LogOutput(kind=LogOutputKind.ELASTICSEARCH, endpoint="https://es.elastic.svc:9200/base"),
    "cloudwatch": LogOutput(kind=LogOutputKind.CLOUDWATCH, region="eu-central-1", log_group="/kotaemon"),
    "loki": LogOutput(kind=LogOutputKind.LOKI, endpoint="http://loki-gateway.loki.svc", tenant="team-a"),
}
SLS = LogOutput(kind=LogOutputKind.SLS, project="k8s-logs", logstore="kotaemon", region="cn-hangzhou")


def args(output: str = "otlp", **changes: Any) -> LogShippingArgs:
    logs = RoleMount(claim=FILES, sub_path=Role.LOGS.value, read_only=False)
    made: Any = LogShippingArgs(namespace="kotaemon", output=OUTPUTS[output], logs=logs)
    return made | changes


def made(output: str = "otlp", **changes: Any) -> Shipping:
    return shipping("kotaemon-logs", args(output, **changes))
