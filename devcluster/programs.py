"""The command lines of the cluster's programs. Each runs in the cluster's folder, so paths in it are relative.

The API server's port is the only one: etcd speaks on a socket file, the others listen nowhere.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from components.contract import Platform
from devcluster import credentials, recipe
from devcluster.nodes import HEARTBEAT, LEASE_SECONDS, NODE_GRACE_SECONDS, NODE_MONITOR_SECONDS

ETCD_SOCKET = "unix://etcd.sock"
_PEER_SOCKET = "unix://peer.sock"


@dataclass(frozen=True)
class Program:
    """One program of the cluster."""

    name: str
    command: list[str]


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


def apiserver(binaries: Path, port: int) -> Program:
    """kube-apiserver with its default admission (Pod Security among it), RBAC, and no anonymous access."""
    return Program(
        "kube-apiserver",
        [
            str(binaries / "kube-apiserver"),
            f"--etcd-servers={ETCD_SOCKET}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={credentials.CERTIFICATES}",
            f"--token-auth-file={credentials.TOKENS}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={credentials.KEY}",
            f"--service-account-signing-key-file={credentials.KEY}",
            "--service-cluster-ip-range=10.96.0.0/16",
            # The Endpoints of `kubernetes` may not be a loopback address, and no pod runs to use them.
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",
        ],
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


def csi(directory: Path, platform: Platform) -> Program:
    """The stand-in CSI controller."""
    return Program("csi", [sys.executable, "-m", "devcluster.csi", str(directory), platform.value])


_CLIENT = [
    f"--kubeconfig={credentials.KUBECONFIG}",
    # No port of their own: nothing asks them for metrics, and there is one of each.
    "--secure-port=0",
    "--leader-elect=false",
]
