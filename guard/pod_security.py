"""The Pod Security Standards and OpenShift's ranges of ids, asked about pods as the API server would get them. Pure."""

from collections.abc import Iterator, Sequence

from guard.namespace import Manifest, Namespace, PodsOf, ids

STANDARDS = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
VOLUME_KINDS = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""Kinds of volumes at the level restricted (k8s.io/pod-security-admission v0.37.2, check_restrictedVolumes.go)."""
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


def refused(namespace: Namespace, pods: Sequence[PodsOf]) -> list[str]:
    """Pods that the Pod Security level of the namespace refuses, with what is wrong of each."""
    judge = {"restricted": restricted_violations, "baseline": baseline_violations}.get(namespace.level)
    found = [(one, judge(one.pod)) for one in pods if not one.operated] if judge is not None else []
    return [
        f"the namespace has Pod Security level {namespace.level}, which refuses {one.words}: {', '.join(wrong)}"
        for one, wrong in found
        if wrong
    ]


def outside_ranges(namespace: Namespace, pods: Sequence[PodsOf]) -> Iterator[str]:
    """Pods whose ids are outside of the namespace's ranges, which OpenShift's restricted-v2 refuses."""
    users, groups = ids(namespace.uids), ids(namespace.groups or namespace.uids)
    for one in pods:
        security: Manifest = one.pod.get("securityContext") or {}
        group = security.get("fsGroup")
        wrong: list[str] = []
        asked = [(container.get("securityContext") or {}).get("runAsUser") for container in _containers(one.pod)]
        for user in dict.fromkeys([security.get("runAsUser"), *asked]):
            if users is not None and user is not None and int(user) not in users:
                wrong.append(f"user {int(user)} is outside of {namespace.uids}")
        if groups is not None and group is not None and group not in groups:
            wrong.append(f"fsGroup {group} is outside of {namespace.groups or namespace.uids}")
        if wrong and users is not None:
            yield (
                f"OpenShift's restricted-v2 refuses {one.words}: {' and '.join(wrong)}. What admits it: "
                f"{_grant(namespace, one)}. Whether that was granted is not asked"
            )


def _grant(namespace: Namespace, one: PodsOf) -> str:
    """What makes OpenShift admit the pod. Its `anyuid` allows no capability to be added (openshift/origin#6627)."""
    account = one.pod.get("serviceAccountName") or "default"
    if any((container.get("securityContext") or {}).get("runAsUser") == 0 for container in _containers(one.pod)):
        return (
            "a SecurityContextConstraints of your own as `anyuid`, with `allowedCapabilities: [CHOWN]`, granted by "
            f"`oc adm policy add-scc-to-user <its name> -z {account} -n {namespace.name}`; or storage whose folders "
            "need no root"
        )
    own = f"{one.uid_key} of the range, before there is data, or " if one.uid_key else ""
    return f"{own}`oc adm policy add-scc-to-user nonroot-v2 -z {account} -n {namespace.name}`"


def baseline_violations(pod: Manifest) -> list[str]:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline"""
    return list(_baseline(pod))


def restricted_violations(pod: Manifest) -> list[str]:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    return [*_baseline(pod), *_restricted(pod)]


def _containers(pod: Manifest) -> list[Manifest]:
    return [*(pod.get("initContainers") or ()), *pod["containers"]]


def _baseline(pod: Manifest) -> Iterator[str]:
    yield from (key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key))
    yield from (f"{volume['name']}: hostPath" for volume in pod.get("volumes") or () if "hostPath" in volume)
    for container in _containers(pod):
        security: Manifest = container.get("securityContext") or {}
        if security.get("privileged"):
            yield f"{container['name']}: privileged"
        added: Sequence[str] = (security.get("capabilities") or {}).get("add") or ()
        if extra := set(added) - BASELINE_CAPABILITIES:
            yield f"{container['name']}: adds {sorted(extra)}"
        if any("hostPort" in port for port in container.get("ports") or ()):
            yield f"{container['name']}: hostPort"


def _restricted(pod: Manifest) -> Iterator[str]:
    for volume in pod.get("volumes") or ():
        if not set(volume) - {"name"} <= VOLUME_KINDS:
            yield f"{volume['name']}: kind of volume"
    shared: Manifest = pod.get("securityContext") or {}
    for container in _containers(pod):
        name, own = container["name"], container.get("securityContext") or {}
        effective = {**shared, **own}
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation"
        if effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0:
            yield f"{name}: may run as root"
        if (effective.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{name}: seccompProfile"
        capabilities: Manifest = own.get("capabilities") or {}
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities"
