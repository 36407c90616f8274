"""The oldest Kubernetes that the objects of this program are for, and the field that each release brought."""

import re
from collections.abc import Mapping

YOUNGEST_FIELDS: Mapping[str, tuple[int, int]] = {
    "lifecycle.preStop.sleep of a container": (1, 30),
    "restartPolicy of an init container (sidecar)": (1, 29),
    "access mode ReadWriteOncePod": (1, 29),
    "matchLabelKeys of a topology spread constraint": (1, 27),
    "unhealthyPodEvictionPolicy of a PodDisruptionBudget": (1, 27),
    "podFailurePolicy of a Job": (1, 26),
}
"""Field -> first release in which every cluster has it without a feature gate of its own: beta and on, or stable
(https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/). An older server drops the field, and
refuses a preStop hook that is empty then."""
OLDEST = max(YOUNGEST_FIELDS.values())
"""The oldest release, as major and minor number."""
OLDEST_TEXT = ".".join(map(str, OLDEST))
VOLUME_ATTRIBUTES_CLASS = (1, 34)
"""Release that has VolumeAttributesClass as storage.k8s.io/v1 (kubernetes/enhancements#3751). It is made only for a
stack that asks for it."""


def release(version: str) -> tuple[int, int] | None:
    """Major and minor number of a version as a stack file or a server says it. None: it is no version."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return None if found is None else (int(found[1]), int(found[2]))


def refused_version(version: str) -> str:
    """Why a Kubernetes is too old, or its version is none, to be said after the version; empty: it is new enough.

    `version`: as a stack file or a server says it: 1.30, v1.33.4-eks-1234.
    """
    found = release(version)
    if found is None:
        return f"is no version of Kubernetes; it must be like {OLDEST_TEXT}"
    if found >= OLDEST:
        return ""
    young = ", ".join(name for name, since in YOUNGEST_FIELDS.items() if since > found)
    return f"is older than {OLDEST_TEXT}, the oldest Kubernetes that this program supports; it lacks: {young}"
