"""The rule about the user of pods: never root, and a fixed user and group where pods share files."""

from collections.abc import Iterator
from typing import Any

from policy.resource import Resource, at, known, missing, whole
from policy.rule import Config, Level, Rule, each
from policy.workload import claims_of, containers, is_patch, pod_of, templates_of

_IDS = (("runAsUser", "user"), ("runAsGroup", "group"))


def _pod_user(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == "aws:efs/accessPoint:AccessPoint":
        yield from _access_point(resource.inputs, config)
    pod = pod_of(resource)
    if pod is None:
        return
    whole_pod = not is_patch(resource)
    shares = whole_pod and bool(claims_of(pod) or templates_of(resource))
    for name, container in containers(pod):
        security = {**_known_map(pod.get("securityContext")), **_known_map(container.get("securityContext"))}
        yield from (
            f"container {name}: {message}"
            for message in _container(security, config, shares=shares, whole_pod=whole_pod)
        )


def _container(security: dict[str, Any], config: Config, *, shares: bool, whole_pod: bool) -> Iterator[str]:
    if security.get("privileged") is True:
        yield "privileged is true: it can do anything on its node"
    if known(escalation := security.get("allowPrivilegeEscalation")) and escalation is True:
        yield "allowPrivilegeEscalation is true; it must be false"
    for key, what in _IDS:
        given = security.get(key)
        number = whole(given)
        if number == 0:
            yield f"{key} is 0: root of the pod is root on every shared file"
        elif shares and missing(given):
            yield f"{key} is missing: files on a claim get the image's {what}, and the next image cannot open them"
        elif known(given) and number is not None and (wanted := whole(config.get(key))) not in (None, number):
            yield f"{key} is {number}; the configuration wants {wanted}"
    # A numeric user other than 0 is as good as the flag: the kubelet checks the flag against that number.
    if whole_pod and missing(security.get("runAsUser")) and security.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true and runAsUser is missing: an image without USER runs as root"


def _access_point(inputs: Any, config: Config) -> Iterator[str]:
    if missing(inputs.get("posixUser")):
        yield "posixUser is missing: every client keeps the user it claims to be, root included"
    for (key, _), name in zip(_IDS, ("uid", "gid"), strict=True):
        number = whole(at(inputs, "posixUser", name))
        if number == 0:
            yield f"posixUser.{name} is 0: every client is root"
        elif number is not None and (wanted := whole(config.get(key))) not in (None, number):
            yield f"posixUser.{name} is {number}; the configuration wants {wanted}"


def _known_map(value: Any) -> dict[str, Any]:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else {}


_NUMBER = {"type": "integer", "minimum": 1}
POD_USER = Rule(
    name="pod-user",
    level=Level.MANDATORY,
    summary="Pods are not root, and those with claims have a fixed user and group.",
    blind="Capabilities, seccomp, host namespaces, and pods that a Helm release or an operator makes. For those: "
    "the Pod Security level restricted on the namespace, or Kyverno's pod-security policies.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    check=each(_pod_user),
    settings={
        "runAsUser": {
            **_NUMBER,
            "description": "The only user id that pods and access points may have; default: any but 0.",
        },
        "runAsGroup": {**_NUMBER, "description": "The only group id that they may have; default: any but 0."},
    },
)
