"""What is built, from which versions, with which flags. Nothing here runs anything."""

import hashlib
import platform
import re
import sys
from pathlib import Path

MODULE = Path(__file__).parent / "go"
"""The Go module whose `tool` entries are the programs."""

PROGRAMS = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
}
"""Name of each program and its Go package."""

STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)
"""What kwok plays on nodes and pods, as files of its module under `kustomize/stage`. Without any, kwok exits."""


def required_version(module: str) -> str:
    """Version of a module in go.mod, such as `v1.37.2`."""
    found = re.search(rf"^\s*{re.escape(module)} (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise LookupError(f"{module} is not in {MODULE / 'go.mod'}")
    return found.group(1)


def required_go() -> tuple[int, int]:
    """The oldest Go that builds the module: its `go` line."""
    found = re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise LookupError(f"no go line in {MODULE / 'go.mod'}")
    return int(found.group(1)), int(found.group(2))


def build_flags() -> list[str]:
    """Flags of `go build`.

    Without gitVersion the API server calls itself `v0.0.0-master+$Format:%H$`, which clients refuse to parse.
    Stripping (-s -w) saves a third of 600 MB. Version control stamps would differ between checkouts of the same code.
    """
    version = required_version("k8s.io/kubernetes")
    return [
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        f"-s -w -X k8s.io/component-base/version.gitVersion={version}",
    ]


def key() -> str:
    """Names a build: equal for equal sources, flags and machine type."""
    digest = hashlib.sha256()
    for part in (
        (MODULE / "go.mod").read_bytes(),
        (MODULE / "go.sum").read_bytes(),
        " ".join([*build_flags(), *PROGRAMS, *STAGES, sys.platform, platform.machine()]).encode(),
    ):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()[:16]
