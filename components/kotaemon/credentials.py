"""The Secrets of the application."""

import secrets
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..pod.files import content_hash
from ..pod.names import application_labels
from ..pod.secret import GENERATED, secret_data
from .environment import ADMIN_PASSWORD_KEY

PASSWORD_BYTES = 24


def checksum(values: Mapping[str, Input[str]]) -> Output[str]:
    """Changes when a value does. Not secret: one secret value in a Deployment would hide all of it in every preview,
    and 32 bits of a hash give nobody a key."""
    return Output.unsecret(Output.all(**values).apply(content_hash))


def admin_secret(
    parent: pulumi.ComponentResource,
    name: str,
    namespace: Input[str],
    password: Input[str] | None,
    protect: bool,
) -> k8s.core.v1.Secret:
    """The first administrator's password, given or generated.

    The application reads it once, when the user does not exist yet (docs/facts/kotaemon.md 5). So a generated one has
    to stay what it was at the first `up`: later ones are ignored, and it is kept on deletion, like the database.
    """
    generated = password is None
    value = secrets.token_urlsafe(PASSWORD_BYTES) if password is None else password
    return k8s.core.v1.Secret(
        f"{name}-admin",
        metadata=ObjectMetaArgs(
            name=f"{name}-admin",
            namespace=namespace,
            labels=application_labels(name) | ({GENERATED: "true"} if generated else {}),
        ),
        type="Opaque",
        data=secret_data({ADMIN_PASSWORD_KEY: value}),
        opts=ResourceOptions(
            parent=parent,
            protect=protect and generated,
            retain_on_delete=generated,
            ignore_changes=["data"] if generated else None,
        ),
    )


def plain_secret(
    parent: pulumi.ComponentResource, name: str, suffix: str, namespace: Input[str], values: Mapping[str, Input[str]]
) -> k8s.core.v1.Secret:
    """A Secret that holds values which the user has given."""
    return k8s.core.v1.Secret(
        f"{name}-{suffix}",
        metadata=ObjectMetaArgs(name=f"{name}-{suffix}", namespace=namespace, labels=application_labels(name)),
        type="Opaque",
        data=secret_data(values),
        opts=ResourceOptions(parent=parent),
    )
