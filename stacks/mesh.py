"""What has to be done where a service mesh puts its proxy into the pods: the run says it, and changes nothing."""

from collections.abc import Iterator, Mapping

from stacks.settings.settings import Settings

ISTIO, AMBIENT, LINKERD = "Istio", "Istio's ambient mode", "Linkerd"
_OUT: Mapping[str, tuple[str, str, str]] = {
    ISTIO: ("podLabels", "sidecar.istio.io/inject", '"false"'),
    AMBIENT: ("podLabels", "istio.io/dataplane-mode", "none"),
    LINKERD: ("podAnnotations", "linkerd.io/inject", "disabled"),
}
"""Mesh -> the setting, the key and the value that keep a pod out of it."""
_IN = ("true", "enabled", "ingress", "ambient")
_HBONE, _PROBES = 15008, "169.254.7.127/32"
"""Port of the tunnel between pods, and the address that probes of the kubelet come from
(https://istio.io/latest/docs/ambient/usage/networkpolicy, read 30 November 2026)."""


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
    if mesh == AMBIENT:
        yield (
            f"kotaemon:{setting}: {mesh} takes the pods into its tunnel, TCP {_HBONE} between pods, which the network "
            f"policies of this stack do not open, and its probes come from {_PROBES}, which they do not name: the pods "
            f"would be cut off. Add a NetworkPolicy of yours that opens both, or keep them out: kotaemon:{setting}: "
            f"{{{key}: {value}}}"
        )
        return
    yield (
        f"kotaemon:{setting}: {mesh} puts its proxy into the pods. The network policy keeps it from its control plane "
        "until kotaemon:modelEndpoints names that one's namespace and ports, and Jobs (folders, copies, backups) end "
        "only where the mesh uses native sidecars. To keep the proxy out: "
        f"kotaemon:{setting}: {{{key}: {value}}}"
    )
