"""The pods that fill the caches of the nodes when a release is announced: one on each node that has the folder."""

from collections.abc import Sequence

from pulumi import Input
from pulumi_kubernetes.apps.v1 import DaemonSetSpecArgs, DaemonSetUpdateStrategyArgs, RollingUpdateDaemonSetArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EnvVarArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..pod.args import ClusterImposes
from ..pod.imposed import on_nodes_with
from ..pod.names import PYTHON, RUNTIME_DIR
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from ..pod.variables import node_variable, plain
from .args import ModelCache
from .files import FOLLOW
from .local_cache import HOSTNAME
from .names import CACHE_DIR, follower_labels
from .pod import TRUST, VOLUME, cache_variables, leader_variables, volumes


def daemon_set_spec(
    name: str,
    cache: ModelCache,
    *,
    namespace: Input[str],
    runtime: Input[str],
    image: Input[str],
    ids: tuple[int, int],
    env: Sequence[EnvVarArgs],
    trust: VolumeArgs,
    node_label: str | None,
    imposed: ClusterImposes,
) -> DaemonSetSpecArgs:
    """A pod on each node with the folder of the cache (kind `local`), and with the application's node selector.

    A pod that had to wait for a node without the folder would stay Pending, so it is kept from there. `runtime`: name
    of the ConfigMap with the scripts. `env`: where the announcements come from. `ids`: user and group.
    """
    container = ContainerArgs(
        name="follow",
        image=image,
        command=[PYTHON, "-S", f"{RUNTIME_DIR}/{FOLLOW}"],
        env=[
            *plain({**leader_variables(name, namespace), **cache_variables(cache)}),
            node_variable("KS_NODE"),
            *env,
        ],
        resources=resources("50m", "128Mi", "1Gi"),
        volume_mounts=[
            VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True),
            TMP,
            TRUST,
            VolumeMountArgs(name=VOLUME, mount_path=CACHE_DIR),
        ],
        termination_message_policy="FallbackToLogsOnError",
    )
    pod = Pod(
        security=pod_security(*ids, fs_group=False),
        containers=[container],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=runtime)),
            tmp_volume("64Mi"),
            trust,
            *volumes({"cache": cache}),
        ],
    )
    return DaemonSetSpecArgs(
        selector=LabelSelectorArgs(match_labels=follower_labels(name)),
        update_strategy=DaemonSetUpdateStrategyArgs(
            type="RollingUpdate", rolling_update=RollingUpdateDaemonSetArgs(max_unavailable="25%")
        ),
        template=pod_template(follower_labels(name), pod, on_nodes_with(imposed, node_label or HOSTNAME)),
    )
