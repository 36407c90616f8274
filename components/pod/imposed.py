"""What a cluster imposes on pods (ClusterImposes), in the words of Kubernetes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import (
    EnvVarArgs,
    LocalObjectReferenceArgs,
    TolerationArgs,
    TopologySpreadConstraintArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from .affinity import affinity_mistakes
from .args import ClusterImposes, TaintEffect, TolerationOperator, WhenUnsatisfiable
from .images import mirror_mistakes, mirror_of
from .labels import annotation_mistakes, refused_labels
from .nodes import refused_nodes, refused_toleration
from .registry import REGISTRY_SECRET
from .variables import plain

ALWAYS_DIRECT = ("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local")
"""Never through a proxy: a pod's own probes, and Services by their longer names."""


def mistakes(imposed: ClusterImposes) -> Iterator[str]:
    """Mistakes in what the cluster imposes, each with its key."""
    for key, found in (
        ("affinity", affinity_mistakes(imposed.get("affinity", {}))),
        ("labels", refused_labels(imposed.get("labels", {}))),
        ("annotations", annotation_mistakes(imposed.get("annotations", {}))),
        ("node_selector", refused_nodes(imposed.get("node_selector", {}))),
        ("image_mirrors", mirror_mistakes(imposed.get("image_mirrors", {}))),
    ):
        yield from (f"{key}: {line}" for line in found)
    for given in imposed.get("tolerations", []):
        if reason := refused_toleration(given):
            yield f"tolerations: {reason}"


def pull_secrets(imposed: ClusterImposes) -> list[LocalObjectReferenceArgs] | None:
    """The Secrets that pods pull images with."""
    names = [*imposed.get("image_pull_secrets", []), *([REGISTRY_SECRET] if imposed.get("registry_logins") else [])]
    return [LocalObjectReferenceArgs(name=name) for name in names] or None


def mirrored(image: Input[str], imposed: ClusterImposes) -> Input[str]:
    """The image's name at the cluster's mirror, where it has one."""
    mirrors = imposed.get("image_mirrors", {})
    if not mirrors:
        return image
    if isinstance(image, str):
        return mirror_of(image, mirrors)
    return Output.from_input(image).apply(lambda known: mirror_of(known, mirrors))


def topology_spread(imposed: ClusterImposes, labels: Mapping[str, str]) -> list[TopologySpreadConstraintArgs] | None:
    """The cluster's rules of topology spread for the pods with these labels. None: it has none."""
    found = [
        TopologySpreadConstraintArgs(
            topology_key=rule["topology_key"],
            max_skew=int(rule.get("max_skew", 1)),
            when_unsatisfiable=WhenUnsatisfiable(
                rule.get("when_unsatisfiable", WhenUnsatisfiable.SCHEDULE_ANYWAY)
            ).value,
            label_selector=LabelSelectorArgs(match_labels=dict(labels)),
        )
        for rule in imposed.get("topology_spread", [])
    ]
    return found or None


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def beside(imposed: ClusterImposes, labels: Mapping[str, str]) -> ClusterImposes:
    """What the cluster imposes, and that the pod runs on the node of a pod with these labels, whose disk it mounts."""
    term = {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": "kubernetes.io/hostname"}
    near = dict(imposed.get("affinity", {}).get("podAffinity", {}))
    near[_REQUIRED] = [*near.get(_REQUIRED, []), term]
    return _with_affinity(imposed, "podAffinity", near)


def on_nodes_with(imposed: ClusterImposes, label: str) -> ClusterImposes:
    """What the cluster imposes, and that the pod runs on nodes that have the label."""
    has = {"key": label, "operator": "Exists"}
    nodes = dict(imposed.get("affinity", {}).get("nodeAffinity", {}))
    terms: list[dict[str, Any]] = nodes.get(_REQUIRED, {}).get("nodeSelectorTerms", [{}])
    # One of the terms has to hold, and of a term every expression.
    wanted = [{**term, "matchExpressions": [*term.get("matchExpressions", []), has]} for term in terms]
    nodes[_REQUIRED] = {"nodeSelectorTerms": wanted}
    return _with_affinity(imposed, "nodeAffinity", nodes)


def _with_affinity(imposed: ClusterImposes, kind: str, rules: Mapping[str, Any]) -> ClusterImposes:
    found = imposed.copy()
    found["affinity"] = {**imposed.get("affinity", {}), kind: rules}
    return found


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
