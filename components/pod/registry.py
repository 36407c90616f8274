"""The Secret with the logins of image registries, which the stack makes in every namespace where it runs pods."""

import base64
import json
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from .args import RegistryLogin
from .secret import secret_data

REGISTRY_SECRET = "kotaemon-registry"  # noqa: S105 the name of an object
"""Name of that Secret, the same in each namespace."""
DOCKER_HUB_KEY = "https://index.docker.io/v1/"
"""The name of docker.io in a file of logins (https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry)."""


def registry_secret(
    parent: pulumi.Resource, name: str, namespace: Input[str], logins: Mapping[str, RegistryLogin]
) -> k8s.core.v1.Secret:
    """Makes the Secret in a namespace. `name`: of the resource in the program."""
    hosts = {host: Output.all(login["username"], login["password"]) for host, login in logins.items()}
    config = Output.all(**hosts).apply(docker_config)
    return k8s.core.v1.Secret(
        name,
        metadata=ObjectMetaArgs(name=REGISTRY_SECRET, namespace=namespace),
        type="kubernetes.io/dockerconfigjson",
        data=secret_data({".dockerconfigjson": config}),
        opts=ResourceOptions(parent=parent),
    )


def docker_config(logins: Mapping[str, list[str]]) -> str:
    """The text of `.dockerconfigjson`. `logins`: registry host -> user name and password."""
    auths = {
        DOCKER_HUB_KEY if host == "docker.io" else host: {
            "username": user,
            "password": password,
            "auth": base64.b64encode(f"{user}:{password}".encode()).decode(),
        }
        for host, (user, password) in logins.items()
    }
    return json.dumps({"auths": auths})
