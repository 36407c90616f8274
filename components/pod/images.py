"""Names of images: the registry in them, and the name at a mirror of that registry."""

from collections.abc import Mapping

DOCKER_HUB = "docker.io"
ANY_REGISTRY = "*"
"""Key of the mirror for every registry that has none of its own."""


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
