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
from pathlib import Path

import yaml
from kubernetes import client, config

KUBECONFIG = "kubeconfig"
TOKENS = "tokens.csv"
CERTIFICATES = "certificates"
CERTIFICATE = f"{CERTIFICATES}/apiserver.crt"
KEY = f"{CERTIFICATES}/apiserver.key"

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


def drop_old_certificate(directory: Path) -> None:
    """Remove a certificate that would run out soon; the API server then makes another."""
    certificate = directory / CERTIFICATE
    if certificate.exists() and time.time() - certificate.stat().st_mtime > RENEW_DAYS * 86400:
        certificate.unlink()
        (directory / KEY).unlink(missing_ok=True)


def write_kubeconfig(directory: Path, name: str, port: int) -> None:
    """Write the kubeconfig, with certificate and token inside. The API server must have made its certificate."""
    context = context_name(name)
    certificate = base64.b64encode((directory / CERTIFICATE).read_bytes()).decode()
    server = f"https://127.0.0.1:{port}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": certificate}}],
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
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {ensure_token(directory)}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
