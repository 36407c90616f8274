"""Token, certificate and kubeconfig of one cluster, in its own folder with mode 0600.

The API server makes its own certificate; its private key also signs service account tokens. So no tool for keys is
needed, and none of the user's own keys or contexts is ever read or written.
"""

import base64
import http.client
import os
import secrets
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from kubernetes import client, config

KUBECONFIG = "kubeconfig"
TOKENS = "tokens.csv"
CERTIFICATES = "certificates"
CERTIFICATE = f"{CERTIFICATES}/apiserver.crt"
KEY = f"{CERTIFICATES}/apiserver.key"

KUBELET_CLIENT = f"{CERTIFICATES}/kubelet-client"
"""Certificate and key, `.crt` and `.key`, by which the kubelets of real nodes know the API server."""
SERVER_NAME = "kubernetes.default.svc"
PROXY_USER = "system:kube-proxy"

RENEW_DAYS = 300
"""Age at which the certificate is made anew at a start; the API server makes it for 365 days."""


def context_name(name: str) -> str:
    """Name of the context, the cluster and the user in the kubeconfig."""
    return f"kotaemon-devcluster-{name}"


def ensure_token(directory: Path) -> str:
    """The administrator's token, made at the first start. system:masters may do everything."""
    path = directory / TOKENS
    if not path.exists():
        write_private(path, f"{secrets.token_hex(32)},admin,admin,system:masters\n")
    return path.read_text().split(",")[0]


def ensure_node_tokens(directory: Path, nodes: Sequence[str]) -> None:
    """Tokens of the nodes and of kube-proxy. The API server reads the file when it starts."""
    ensure_token(directory)
    path = directory / TOKENS
    known = node_tokens(directory)
    lines = [
        *(
            f"{secrets.token_hex(32)},system:node:{name},{name},system:nodes"
            for name in nodes
            if f"system:node:{name}" not in known
        ),
        *(
            [f"{secrets.token_hex(32)},{PROXY_USER},{PROXY_USER},system:node-proxier"]
            if PROXY_USER not in known
            else []
        ),
    ]
    if lines:
        write_private(path, path.read_text() + "\n".join(lines) + "\n")


def node_tokens(directory: Path) -> dict[str, str]:
    """User -> token of all that `ensure_node_tokens` has made."""
    rows = [line.split(",") for line in (directory / TOKENS).read_text().splitlines()]
    return {row[1]: row[0] for row in rows[1:]}


def certificate_data(directory: Path) -> str:
    """The API server's certificate in base64, as a kubeconfig holds it."""
    return base64.b64encode((directory / CERTIFICATE).read_bytes()).decode()


def drop_old_certificate(directory: Path) -> None:
    """Remove a certificate that would run out soon; the API server then makes another."""
    certificate = directory / CERTIFICATE
    if certificate.exists() and time.time() - certificate.stat().st_mtime > RENEW_DAYS * 86400:
        certificate.unlink()
        (directory / KEY).unlink(missing_ok=True)


def write_kubeconfig(directory: Path, name: str, port: int) -> None:
    """Write the kubeconfig, with certificate and token inside. The API server must have made its certificate."""
    context = context_name(name)
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": certificate_data(directory),
        # The certificate names this whatever address the server listens on.
        "tls-server-name": SERVER_NAME,
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": {"token": ensure_token(directory)}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    write_private(directory / KUBECONFIG, yaml.safe_dump(content, sort_keys=False))


def write_private(path: Path, content: str) -> None:
    """Write a file of mode 0600 whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    temporary.replace(path)


def connect(directory: Path) -> client.ApiClient:
    """A client of the cluster in `directory`, from that cluster's own kubeconfig and nothing else."""
    settings = client.Configuration()
    config.load_kube_config(str(directory / KUBECONFIG), client_configuration=settings, persist_config=False)
    # A proxy named in the environment must not be asked for an address on loopback.
    settings.proxy = None
    return client.ApiClient(settings)


def is_ready(directory: Path, port: int) -> bool:
    """Whether this cluster's API server answers on `port` and calls itself ready. The token is not shown to others."""
    context = ssl.create_default_context(cafile=str(directory / CERTIFICATE))
    # The file holds this one server's own certificate, so there is no other name to mistake it for.
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {ensure_token(directory)}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
