"""Cases of the rules about the user of pods."""

from typing import Any

from tests.policy.cases.case import one
from tests.policy.resources import CONTAINER, DEPLOY, DEPLOYMENT, changed

EFS_POINT = "aws:efs/accessPoint:AccessPoint"


def group(cidr: str, low: int = 2049, high: int = 2049, protocol: str = "tcp") -> dict[str, Any]:
    return {"ingress": [{"protocol": protocol, "fromPort": low, "toPort": high, "cidrBlocks": [cidr]}]}


CASES = [
    one("pod-user", "compliant", DEPLOY, DEPLOYMENT),
    one(
        "pod-user",
        "root",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/securityContext", {"runAsUser": 0.0}),
        "container app: runAsUser is 0: root of the pod is root on every shared file",
    ),
    one(
        "pod-user",
        "missing",
        DEPLOY,
        changed(DEPLOYMENT, "spec/template/spec/securityContext"),
        "container app: runAsUser is missing: files on a claim get the image's user, and the next image cannot open them",
        "container app: runAsGroup is missing: files on a claim get the image's group, and the next image cannot open "
        "them",
        "container app: runAsNonRoot is not true and runAsUser is missing: an image without USER runs as root",
    ),
    one(
        "pod-user",
        "privileged",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/securityContext", {"privileged": True, "allowPrivilegeEscalation": True}),
        "container app: privileged is true: it can do anything on its node",
        "container app: allowPrivilegeEscalation is true; it must be false",
    ),
    one("pod-user", "configured", DEPLOY, DEPLOYMENT, runAsUser=1001, runAsGroup=1001),
    one(
        "pod-user",
        "another user than configured",
        DEPLOY,
        DEPLOYMENT,
        "container app: runAsUser is 1001; the configuration wants 1000",
        runAsUser=1000,
    ),
    one("pod-user", "compliant access point", EFS_POINT, {"posixUser": {"uid": 1001.0, "gid": 1001.0}}),
    one(
        "pod-user",
        "access point without a user",
        EFS_POINT,
        {},
        "posixUser is missing: every client keeps the user it claims to be, root included",
    ),
    one(
        "pod-user",
        "root's access point",
        EFS_POINT,
        {"posixUser": {"uid": 0, "gid": 1001}},
        "posixUser.uid is 0: every client is root",
    ),
    one(
        "pod-user", "patch without a user", f"{DEPLOY}Patch", changed(DEPLOYMENT, "spec/template/spec/securityContext")
    ),
    one(
        "pod-user",
        "patch to root",
        f"{DEPLOY}Patch",
        changed(DEPLOYMENT, f"{CONTAINER}/securityContext", {"runAsUser": 0.0}),
        "container app: runAsUser is 0: root of the pod is root on every shared file",
    ),
]
