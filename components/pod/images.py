"""Names of images: the registry in them, and the name at a mirror of that registry."""

import re
from collections.abc import Iterator, Mapping

DOCKER_HUB = "docker.io"
ANY_REGISTRY = "*"
"""Key of the mirror for every registry that has none of its own."""

_OTHER_NAMES = ("index.docker.io", "registry-1.docker.io", "registry.docker.io", "hub.docker.com")
"""Addresses of docker.io that are not in the names of its images."""
_HOST = r"(\[[0-9a-f:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:\d+)?"


def registry_of(image: str) -> tuple[str, str]:
    """The registry's host, and the rest of the name: `postgres:18` is library/postgres:18 of docker.io.

    A first part without a dot or a port is a folder of docker.io, and no host
    (https://github.com/distribution/reference, normalize.go).
    """
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return DOCKER_HUB, image if slash else f"library/{image}"


def mirror_of(image: str, mirrors: Mapping[str, str]) -> str:
    """The image's name at its mirror. `mirrors`: registry host, or ANY_REGISTRY -> what stands in the host's place."""
    host, path = registry_of(image)
    mirror = mirrors.get(host, mirrors.get(ANY_REGISTRY, "")).rstrip("/")
    if not mirror or registry_of(f"{mirror}/x")[0] == host:
        return image
    return f"{mirror}/{path}"


def mirror_mistakes(mirrors: Mapping[str, str]) -> Iterator[str]:
    """The mirrors that would stand in no image's name, or make one that is none; each with the reason."""
    for host, mirror in mirrors.items():
        if host in _OTHER_NAMES:
            yield f"{host!r} is in no image's name; write {DOCKER_HUB}"
        elif host != ANY_REGISTRY and not re.fullmatch(_HOST, host):
            yield f"{host!r} is no host of a registry, as it is in the names of images, for example {DOCKER_HUB}"
        if "://" in mirror:
            yield (
                f"{host}: {mirror!r} has a scheme, which the name of an image cannot have; leave it out (a registry "
                "without TLS is a setting of the nodes' container runtime)"
            )
        elif not re.fullmatch(rf"{_HOST}(/[a-z0-9._-]+)*/?", mirror):
            yield f"{host}: {mirror!r} is no place of images, which is like harbor.example.com/hub"
