"""The rules of Pod Security, read off the standard, on a pod as the API server would see it."""

from collections.abc import Iterator
from typing import Any

VOLUME_KINDS = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
BASELINE_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def baseline_violations(pod: dict[str, Any]) -> list[str]:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline"""
    return list(_baseline(pod))


def restricted_violations(pod: dict[str, Any]) -> list[str]:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    return [*_baseline(pod), *_restricted(pod)]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def _baseline(pod: dict[str, Any]) -> Iterator[str]:
    yield from (key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key))
    yield from (f"{volume['name']}: hostPath" for volume in pod.get("volumes", []) if "hostPath" in volume)
    for container in _containers(pod):
        security = container.get("securityContext", {})
        if security.get("privileged"):
            yield f"{container['name']}: privileged"
        if extra := set(security.get("capabilities", {}).get("add", [])) - BASELINE_CAPABILITIES:
            yield f"{container['name']}: adds {sorted(extra)}"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{container['name']}: hostPort"


def _restricted(pod: dict[str, Any]) -> Iterator[str]:
    for volume in pod.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUME_KINDS:
            yield f"{volume['name']}: kind of volume"
    for container in _containers(pod):
        name, own, shared = container["name"], container.get("securityContext", {}), pod.get("securityContext", {})
        effective = shared | own
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation"
        if effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0:
            yield f"{name}: may run as root"
        if effective.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{name}: seccompProfile"
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities"
