"""The certificates that sign a database server's own: from a text of the user's to a ConfigMap and the URL."""

import ssl

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..pod.certificates import FILE, FOLDER
from ..pod.files import content_hash

MOST_BYTES = 900_000
"""Largest bundle: a ConfigMap holds 1 MiB. global-bundle.pem of RDS has about 170 kB."""


def bundle_refused(text: str) -> str:
    """Why a text cannot be the bundle of certificates. Its contents are public, so a private key in it is refused."""
    if "PRIVATE KEY" in text:
        return "holds a private key; give only the certificates of the authority"
    if len(text.encode()) > MOST_BYTES:
        return f"has {len(text.encode())} bytes, and a ConfigMap takes {MOST_BYTES}; give the bundle of one region"
    try:
        found = ssl.create_default_context(cadata=text).get_ca_certs() if "BEGIN CERTIFICATE" in text else []
    except (ssl.SSLError, ValueError) as error:
        return f"has no certificates in PEM that can be read: {error}"
    return "" if found else "has no certificate of an authority in PEM (-----BEGIN CERTIFICATE-----)"


def tls_parameters(*, verified: bool) -> str:
    """Parameters of the URL. Unverified: encrypted, and whoever answers is taken for the server (libpq, sslmode)."""
    return f"sslmode=verify-full&sslrootcert={FOLDER}/{FILE}" if verified else "sslmode=require"


def ca_name(name: str, text: str) -> str:
    """Name of the ConfigMap with a bundle, for the component `name` of a database."""
    return f"{name}-ca-{content_hash({FILE: text})}"


def ca_config_map(parent: pulumi.ComponentResource, name: str, namespace: Input[str], text: str) -> Output[str]:
    """Makes the ConfigMap with the bundle; its name. It changes with the contents, so pods start again with them."""
    made = k8s.core.v1.ConfigMap(
        f"{name}-ca",
        metadata=ObjectMetaArgs(name=ca_name(name, text), namespace=namespace),
        data={FILE: text},
        immutable=True,
        opts=ResourceOptions(parent=parent),
    )
    return made.metadata.apply(lambda metadata: metadata.name or "")
