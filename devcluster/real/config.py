"""The settings files of a node's programs. Nothing here runs anything."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devcluster import debian
from devcluster.platforms import LEASE_SECONDS
from devcluster.real import layout
from devcluster.real.layout import RUN, Place

SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet wants of the kernel (kubernetes: pkg/kubelet/cm/container_manager_linux.go setupKernelTunables). The
node sees files with these values, so the kubelet finds nothing to change and the machine's own stay as they are."""


def containerd(programs: Path, may_raise_priority: bool) -> str:
    """containerd's config.toml. `may_raise_priority`: whether runc may lower oom_score_adj below its own
    (CAP_SYS_RESOURCE); without it runc ends with "can't get final child's PID from pipe: EOF"."""
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{layout.CONTAINERD_SOCKET}"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{layout.PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = {"false" if may_raise_priority else "true"}
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{programs}"]
conf_dir = "{RUN}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def network(place: Place) -> str:
    """The CNI configuration: a bridge in the node, addresses from the node's own range."""
    bridge = {
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{RUN}/addresses",
            "ranges": [[{"subnet": place.pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}, indent=1)


def kubelet(place: Place) -> str:
    """KubeletConfiguration, as JSON."""
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": place.address,
        # Whoever shows the API server's certificate may do all, and nobody else anything: pods reach this port.
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": f"{RUN}/kubelet-client.crt"},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "readOnlyPort": 0,
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "resolvConf": f"{RUN}/resolv.conf",
        "clusterDomain": layout.CLUSTER_DOMAIN,
        "clusterDNS": [layout.GATEWAY],
        "nodeLeaseDurationSeconds": LEASE_SECONDS,
        "nodeStatusUpdateFrequency": "2s",
        "volumePluginDir": f"{RUN}/volumeplugins",
        "serializeImagePulls": False,
        # The machine's own disk and memory are not this node's to judge: it evicts and collects late.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "logging": {"format": "text"},
    }
    return json.dumps(settings, indent=1)


def proxy(place: Place) -> str:
    """KubeProxyConfiguration, as JSON. What it would set of the whole machine (conntrack) is left alone."""
    settings = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{RUN}/proxy.kubeconfig"},
        "mode": "nftables",
        "hostnameOverride": place.name,
        "bindAddress": place.address,
        "clusterCIDR": layout.POD_NETWORK,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
    return json.dumps(settings, indent=1)


def kubeconfig(port: int, certificate: str, token: str) -> str:
    """How a node's program reaches the API server, as JSON. `certificate`: in base64."""
    server = {
        "server": f"https://{layout.GATEWAY}:{port}",
        "certificate-authority-data": certificate,
        "tls-server-name": "kubernetes.default.svc",
    }
    content: Mapping[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "devcluster", "cluster": server}],
        "users": [{"name": "node", "user": {"token": token}}],
        "contexts": [{"name": "devcluster", "context": {"cluster": "devcluster", "user": "node"}}],
        "current-context": "devcluster",
    }
    return json.dumps(content)


def environment(real_nodes: Path, control_plane: Path) -> dict[str, str]:
    """Environment of a node's programs: those of the two folders first, those of the machine after them."""
    found = debian.environment(real_nodes)
    wrappers = RUN / "bin"
    return {**found, "PATH": f"{wrappers}:{control_plane}:{found['PATH']}", "LANG": "C.UTF-8", "HOME": "/root"}
