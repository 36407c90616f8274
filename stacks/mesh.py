"""What has to be done where a service mesh puts its proxy into the pods: the run says it, and changes nothing."""

from collections.abc import Iterator, Mapping

from stacks.settings.settings import Settings

ISTIO, LINKERD = "Istio", "Linkerd"
_OUT: Mapping[str, tuple[str, str, str]] = {
    ISTIO: ("podLabels", "sidecar.istio.io/inject", '"false"'),
    LINKERD: ("podAnnotations", "linkerd.io/inject", "disabled"),
}
"""Mesh -> the setting, the key and the value that keep its proxy out of a pod."""
_IN = ("true", "enabled", "ingress")


def of_the_pods(settings: Settings) -> str:
    """The mesh whose proxy the stack file itself asks for; empty: none."""
    given = {**(settings.pod_labels or {}), **(settings.pod_annotations or {})}
    return next((mesh for mesh, (_, key, _) in _OUT.items() if given.get(key) in _IN), "")


def kept_out(settings: Settings, mesh: str) -> bool:
    """Whether the stack file keeps the proxy out of every pod."""
    setting, key, value = _OUT[mesh]
    given = (settings.pod_labels if setting == "podLabels" else settings.pod_annotations) or {}
    return given.get(key) == value.strip('"')


def warnings(settings: Settings, namespace_mesh: str) -> Iterator[str]:
    """What a mesh's proxy in the pods needs. `namespace_mesh`: the mesh of the namespace; empty: none is known.

    Jobs and sidecars: https://docs.testkube.io/articles/istio (read 29 November 2026).
    """
    mesh = of_the_pods(settings) or namespace_mesh
    if not mesh or kept_out(settings, mesh):
        return
    setting, key, value = _OUT[mesh]
    yield (
        f"kotaemon:{setting}: {mesh} puts its proxy into the pods. The network policy keeps it from its control plane "
        "until kotaemon:modelEndpoints names that one's namespace and ports, and Jobs (folders, copies, backups) end "
        "only where the mesh uses native sidecars. To keep the proxy out: "
        f"kotaemon:{setting}: {{{key}: {value}}}"
    )
