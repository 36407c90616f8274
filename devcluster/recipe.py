"""What is built, from which versions, with which flags. Nothing here runs anything."""

import hashlib
import json
import platform
import re
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

MODULES = Path(__file__).parent / "go"
"""One Go module for each upstream that pins its own versions: one for all does not compile."""

KUBERNETES = "kubernetes"

STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)
"""What kwok plays on nodes and pods, as files of its module under `kustomize/stage`. Without any, kwok exits."""

SYSTEM_PACKAGES = {"runc": "runc", "nft": "nftables", "ip": "iproute2"}
"""Programs of real nodes that no Go module gives, and the Debian packages that hold them. runc needs a C compiler and
libseccomp's headers to know the seccomp profile RuntimeDefault, which our pods ask for."""

POLICY_PACKAGES = {"iptables": "iptables", "ipset": "ipset"}
"""What kube-router calls to have the kernel enforce network policies, and the Debian packages that hold it."""

PYTHON_SCRIPT = ("github.com/pulumi/pulumi/sdk/v3", "python/cmd/pulumi-language-python-exec")
"""What runs a program in Python for its host, which lies beside it: a module, and a file in it."""


@dataclass(frozen=True)
class Binary:
    """One program and what it is built of."""

    name: str
    module: str
    """Folder under MODULES."""
    package: str
    """Go package; "." is a main of ours in the module's folder."""
    work: int
    """CPU seconds that it takes from empty caches after those before it, as docs/devcluster.md measured them. Only the
    time left that people see comes from it."""
    links: tuple[str, ...] = ()
    """Names under which the same file is called as well."""
    stamps: dict[str, str] = field(default_factory=dict[str, str])
    """Linker variable -> the module of go.mod whose version goes into it."""
    tags: str = ""
    embedded: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """File that the main embeds -> the module and the path in it that the file is taken from."""


PARTS: dict[str, tuple[Binary, ...]] = {
    "control-plane": (
        Binary(
            "kubernetes",
            KUBERNETES,
            ".",
            441,
            links=("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"),
            # Without it the API server calls itself `v0.0.0-master+$Format:%H$`, which clients refuse to parse.
            stamps={"k8s.io/component-base/version.gitVersion": "k8s.io/kubernetes"},
        ),
    ),
    "simulated-nodes": (Binary("kwok", KUBERNETES, "sigs.k8s.io/kwok/cmd/kwok", 15),),
    "real-nodes": (
        *(
            Binary(
                name,
                "containerd",
                f"github.com/containerd/containerd/v2/cmd/{name}",
                work,
                # Snapshotters that no node uses.
                tags="no_btrfs no_zfs no_devmapper",
                stamps={"github.com/containerd/containerd/v2/version.Version": "github.com/containerd/containerd/v2"},
            )
            for name, work in (("containerd", 80), ("containerd-shim-runc-v2", 2), ("ctr", 5))
        ),
        Binary("bridge", "containerd", "github.com/containernetworking/plugins/plugins/main/bridge", 2),
        Binary("loopback", "containerd", "github.com/containernetworking/plugins/plugins/main/loopback", 2),
        Binary("host-local", "containerd", "github.com/containernetworking/plugins/plugins/ipam/host-local", 2),
        Binary("pause", "containerd", "./pause", 1),
        Binary("certificate", "containerd", "./certificate", 1),
    ),
    "engine": (
        Binary(
            "pulumi",
            "pulumi",
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            185,
            stamps={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "github.com/pulumi/pulumi/pkg/v3"},
        ),
        Binary(
            "pulumi-resource-kubernetes",
            "pulumi-kubernetes",
            ".",
            342,
            stamps={"main.version": "github.com/pulumi/pulumi-kubernetes/provider/v4"},
            embedded={
                name: ("github.com/pulumi/pulumi-kubernetes/provider/v4", f"cmd/pulumi-resource-kubernetes/{name}")
                for name in ("schema.json", "terraform-mapping.json")
            },
        ),
    ),
    "yaml": (
        Binary(
            "pulumi-language-yaml",
            "pulumi-yaml",
            "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
            200,
            stamps={"github.com/pulumi/pulumi-yaml/pkg/version.Version": "github.com/pulumi/pulumi-yaml"},
        ),
    ),
    "python": (
        Binary(
            "pulumi-language-python",
            "pulumi-python",
            ".",
            20,
            stamps={"main.version": "github.com/pulumi/pulumi/sdk/v3"},
        ),
    ),
    "registry": (Binary("registry", "registry", ".", 15),),
    "network-policy": (
        Binary("kube-router", "kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", 150),
    ),
}
"""What can be built by itself, in the order in which a first `make up` needs it. Each has a folder of its own.

The last four are for tests alone: the hosts of programs in YAML and Python, a registry of images, and what enforces
network policies on real nodes.
"""

FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-N -l")
"""Flags of every `go build`, the same for all so that they share compiled packages in Go's cache.

Version control stamps would differ between checkouts of the same code. Without the optimiser (-N) and inlining (-l) the
build costs a third less CPU time; what the slower programs cost is in docs/devcluster.md.
"""


def required_version(required: str, module: str = KUBERNETES) -> str:
    """Version of `required` in the go.mod of `module`, such as `v1.37.2`. LookupError: it is not there."""
    path = MODULES / module / "go.mod"
    found = re.search(rf"^(?:require)?\s*{re.escape(required)} (v\S+)", path.read_text(), re.MULTILINE)
    if not found:
        raise LookupError(f"{required} is not in {path}")
    return found.group(1)


def required_go() -> tuple[int, int, int]:
    """The oldest Go that builds all modules: the newest of their `go` lines."""
    return max(_go_line(path) for path in MODULES.glob("*/go.mod"))


def build_flags(program: Binary) -> list[str]:
    """Flags of `go build` for one program. Stripping (-s -w) saves a third of the disk."""
    stamps = [f"-X {variable}={required_version(of, program.module)}" for variable, of in program.stamps.items()]
    tags = ["-tags", program.tags] if program.tags else []
    return [*FLAGS, *tags, "-ldflags", " ".join(["-s -w", *stamps])]


def key(part: str) -> str:
    """Names a build of a part: equal for equal sources, flags and machine type."""
    programs = PARTS[part]
    digest = hashlib.sha256()
    for module in sorted({program.module for program in programs}):
        for path in sorted((MODULES / module).rglob("*")):
            if path.is_file():
                digest.update(path.read_bytes() + b"\0")
    extra = {
        "simulated-nodes": STAGES,
        "real-nodes": SYSTEM_PACKAGES,
        "python": PYTHON_SCRIPT,
        "network-policy": POLICY_PACKAGES,
    }.get(part)
    described = [
        [asdict(replace(program, work=0)) for program in programs],
        FLAGS,
        extra,
        sys.platform,
        platform.machine(),
    ]
    digest.update(json.dumps(described).encode())
    return f"{part}-{digest.hexdigest()[:16]}"


def _go_line(path: Path) -> tuple[int, int, int]:
    found = re.search(r"^go (\d+)\.(\d+)\.(\d+)", path.read_text(), re.MULTILINE)
    if not found:
        raise LookupError(f"no go line in {path}")
    return int(found.group(1)), int(found.group(2)), int(found.group(3))
