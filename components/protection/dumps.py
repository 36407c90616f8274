"""The container that makes a dump of the database, and the one of a drill that reads it back."""

from collections.abc import Mapping, Sequence

from pulumi import Input
from pulumi_kubernetes.core.v1 import ContainerArgs, VolumeMountArgs

from ..pod.names import RUNTIME_DIR
from ..pod.spec import TMP, resources
from ..pod.variables import plain
from . import names
from .args import DatabaseSource
from .volumes import RUNTIME


def dump_container(
    database: DatabaseSource, verb: str, told: Mapping[str, Input[str]], mounts: Sequence[VolumeMountArgs]
) -> ContainerArgs:
    """ks_protect_postgres.sh in PostgreSQL's own image. `verb`: dump or try. `told`: its variables."""
    return ContainerArgs(
        name="database",
        image=database.get("image", names.POSTGRES_IMAGE),
        command=["bash", f"{RUNTIME_DIR}/ks_protect_postgres.sh", verb],
        env=plain(dict(told)),
        resources=resources("200m", "256Mi", "1Gi"),
        volume_mounts=[RUNTIME, TMP, *mounts],
        termination_message_policy="FallbackToLogsOnError",
    )
