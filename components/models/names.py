"""Names that the pods, the release and the scripts of components/models/runtime/ agree on."""

VERSION_ANNOTATION = "kotaemon.dev/models-version"
"""Annotation of the pod template with the version that the pods load. Nothing else says it: a change rolls the pods."""
VERSION_VARIABLE = "KS_MODELS_VERSION"
MODELS_DIR = "/app/models"
"""Where versions appear in the application's container."""
SHARED_DIR = "/shared/models"
"""Where the fill sees the folder of the role `models` on the shared claim, read-only."""
CACHE_DIR = "/cache"
"""Where the fill sees the cache."""
VERSIONS = "versions"
INCOMING = ".incoming"
"""Folders on the claim, below the one of the role (runtime/ks_models_tree.py)."""
VERSION_PATTERN = r"[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?"
"""Names that a version may have, as in runtime/ks_models_tree.py, but for RESERVED."""
RESERVED = {"latest": "a link, and NFS clients cache links", "metrics.prom": "a file with numbers in each cache"}
"""Names that are something else."""
NO_VERSION = ".none"
"""Stands for a version before the first release, as in runtime/ks_models_layout.py. No version has this name, and it is
not empty: a kubelet starts no container whose path has an empty variable (`missing value for KS_MODELS_VERSION`)."""
LEADER_PORT = 8443
"""Port of the leader's web server."""
TRUST_DIR = "/etc/kotaemon-trust"
LEADER_CA, NATS_CA = "leader.crt", "nats.crt"
"""Where pods see whom they trust, and the files there."""


def leader_labels(name: str) -> dict[str, str]:
    """Labels of the pod of the ModelSharing `name` that has the claim."""
    return {"app.kubernetes.io/name": "kotaemon-models-leader", "app.kubernetes.io/instance": name}


def follower_labels(name: str) -> dict[str, str]:
    """Labels of the pods of the ModelSharing `name` that fill the caches of the nodes."""
    return {"app.kubernetes.io/name": "kotaemon-models-follower", "app.kubernetes.io/instance": name}
