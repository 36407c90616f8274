"""What a cluster imposes on pods (ClusterImposes), in the words of Kubernetes."""

from collections.abc import Sequence

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import EnvVarArgs, TolerationArgs

from .args import ClusterImposes, TaintEffect, TolerationOperator
from .variables import plain

ALWAYS_DIRECT = ("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local")
"""Never through a proxy: a pod's own probes, and Services by their longer names."""


def tolerations(imposed: ClusterImposes) -> list[TolerationArgs]:
    """The cluster's tolerations in the form that a pod's `spec` takes."""
    return [
        TolerationArgs(
            key=given.get("key"),
            operator=TolerationOperator(given["operator"]).value if "operator" in given else None,
            value=given.get("value"),
            effect=TaintEffect(given["effect"]).value if "effect" in given else None,
            toleration_seconds=int(given["toleration_seconds"]) if "toleration_seconds" in given else None,
        )
        for given in imposed.get("tolerations", [])
    ]


def proxy_variables(imposed: ClusterImposes, direct_hosts: Sequence[Input[str]] = ()) -> list[EnvVarArgs]:
    """The variables that programs read a proxy from, in both spellings: curl knows http_proxy in small letters only,
    others look for capitals."""
    proxy = imposed.get("proxy")
    if proxy is None:
        return []
    values: dict[str, Input[str]] = {}
    if "http_proxy" in proxy:
        values["HTTP_PROXY"] = proxy["http_proxy"]
    if "https_proxy" in proxy:
        values["HTTPS_PROXY"] = proxy["https_proxy"]
    values["NO_PROXY"] = _joined([*ALWAYS_DIRECT, *proxy.get("no_proxy", []), *direct_hosts])
    return plain(values | {name.lower(): value for name, value in values.items()})


def _joined(hosts: Sequence[Input[str]]) -> Input[str]:
    known = [host for host in hosts if isinstance(host, str)]
    return ",".join(known) if len(known) == len(hosts) else Output.all(*hosts).apply(",".join)
