"""The command lines of the cluster's programs. Each runs in the cluster's folder, so paths in it are relative.

The API server's port is the only one: etcd speaks on a socket file, the others listen nowhere.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from components.contract import Platform
from devcluster import credentials, recipe
from devcluster.platforms import HEARTBEAT, LEASE_SECONDS, NODE_GRACE_SECONDS, NODE_MONITOR_SECONDS
from devcluster.real import layout

ETCD_SOCKET = "unix://etcd.sock"
_PEER_SOCKET = "unix://peer.sock"


@dataclass(frozen=True)
class Program:
    """One program of the cluster."""

    name: str
    command: list[str]
    killed: bool = False
    """Whether it is ended by SIGKILL: its end takes time, and it has nothing of its own to save."""


def etcd(binaries: Path) -> Program:
    """etcd, without fsync: a power cut may lose this cluster, a crash of the program may not."""
    return Program(
        "etcd",
        [
            str(binaries / "etcd"),
            "--data-dir=etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={ETCD_SOCKET}",
            f"--advertise-client-urls={ETCD_SOCKET}",
            f"--listen-peer-urls={_PEER_SOCKET}",
            f"--initial-advertise-peer-urls={_PEER_SOCKET}",
            f"--initial-cluster=default={_PEER_SOCKET}",
        ],
    )


def apiserver(binaries: Path, port: int, real_nodes: bool) -> Program:
    """kube-apiserver with its default admission (Pod Security among it), RBAC, and no anonymous access.

    With real nodes it listens in the cluster's own network, where the nodes are, and nowhere else.
    """
    return Program(
        "kube-apiserver",
        [
            str(binaries / "kube-apiserver"),
            f"--etcd-servers={ETCD_SOCKET}",
            *(_WITH_REAL_NODES if real_nodes else _WITHOUT_REAL_NODES),
            f"--secure-port={port}",
            f"--cert-dir={credentials.CERTIFICATES}",
            f"--token-auth-file={credentials.TOKENS}",
            "--anonymous-auth=false",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={credentials.KEY}",
            f"--service-account-signing-key-file={credentials.KEY}",
            f"--service-cluster-ip-range={layout.SERVICE_NETWORK}",
            "--allow-privileged=true",
        ],
        # Asked to end, it waits 1.2 s for requests of clients that have ended before it. All that it knows is in etcd.
        killed=True,
    )


def controller_manager(binaries: Path) -> Program:
    """kube-controller-manager with its default controllers; it calls a node lost sooner than by default."""
    return Program(
        "kube-controller-manager",
        [
            str(binaries / "kube-controller-manager"),
            *_CLIENT,
            f"--root-ca-file={credentials.CERTIFICATE}",
            f"--service-account-private-key-file={credentials.KEY}",
            "--allocate-node-cidrs=false",
            f"--node-monitor-period={NODE_MONITOR_SECONDS}s",
            f"--node-monitor-grace-period={NODE_GRACE_SECONDS}s",
        ],
    )


def scheduler(binaries: Path) -> Program:
    """kube-scheduler as it comes."""
    return Program("kube-scheduler", [str(binaries / "kube-scheduler"), *_CLIENT])


def kwok(binaries: Path) -> Program:
    """kwok in the kubelets' place, for the nodes whose heartbeat is on."""
    stages = [f"--config={binaries / 'stages' / f'{n}-{Path(s).name}'}" for n, s in enumerate(recipe.STAGES)]
    return Program(
        "kwok",
        [
            str(binaries / "kwok"),
            f"--kubeconfig={credentials.KUBECONFIG}",
            *stages,
            f"--manage-nodes-with-label-selector={HEARTBEAT}=on",
            f"--node-lease-duration-seconds={LEASE_SECONDS}",
        ],
    )


def csi(directory: Path, platform: Platform, real_nodes: bool) -> Program:
    """The stand-in CSI controller."""
    kind = "real" if real_nodes else "simulated"
    return Program("csi", [sys.executable, "-m", "devcluster.csi", str(directory), platform.value, kind])


def relay(directory: Path, network: int, port: int) -> Program:
    """The ways between the machine and the network of real nodes."""
    return Program("relay", [sys.executable, "-m", "devcluster.real.relay", str(directory), str(network), str(port)])


_WITHOUT_REAL_NODES = [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--authorization-mode=RBAC",
    # The Endpoints of `kubernetes` may not be a loopback address, and no pod runs to use them.
    "--endpoint-reconciler-type=none",
]
_WITH_REAL_NODES = [
    # All addresses of the cluster's own network: the control plane is on its loopback, the nodes on its bridge.
    "--bind-address=0.0.0.0",
    f"--advertise-address={layout.GATEWAY}",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--kubelet-preferred-address-types=InternalIP",
    f"--kubelet-client-certificate={credentials.KUBELET_CLIENT}.crt",
    f"--kubelet-client-key={credentials.KUBELET_CLIENT}.key",
]

_CLIENT = [
    f"--kubeconfig={credentials.KUBECONFIG}",
    # No port of their own: nothing asks them for metrics, and there is one of each.
    "--secure-port=0",
    "--leader-elect=false",
]
