"""The outputs by name. SLS is none of them: no pod of ours ships there (components/logs/sls.py)."""

from collections.abc import Mapping

from ..args import LogOutputKind
from .base import Output
from .cloudwatch import CloudWatch
from .elasticsearch import Elasticsearch
from .loki import Loki
from .otlp import Otlp

OUTPUTS: Mapping[LogOutputKind, Output] = {
    LogOutputKind.OTLP: Otlp(),
    LogOutputKind.ELASTICSEARCH: Elasticsearch(),
    LogOutputKind.CLOUDWATCH: CloudWatch(),
    LogOutputKind.LOKI: Loki(),
}
