"""Images are pinned by version or digest: what runs tomorrow is what was tested today."""

import re
from collections.abc import Iterator

from policy.resource import Resource, known
from policy.rule import Config, Level, Rule, each
from policy.workload import containers, is_patch, pod_of

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def _image_pinned(resource: Resource, config: Config) -> Iterator[str]:
    pod = pod_of(resource)
    for name, container in containers(pod) if pod else ():
        image = container.get("image")
        if image is None or image == "":
            if not is_patch(resource):
                yield f"container {name}: image is missing"
        elif known(image):
            yield from (f"container {name}: {message}" for message in _image(str(image), config))


def _image(image: str, config: Config) -> Iterator[str]:
    registries: list[str] = config.get("registries", [])
    if registries and not image.startswith(tuple(f"{r.rstrip('/')}/" for r in registries)):
        yield f"the image {image} is from none of the allowed registries {', '.join(registries)}"
    if _DIGEST.search(image):
        return
    if config.get("digest", False):
        yield f"the image {image} has no digest (@sha256:...)"
        return
    # The tag comes after the last slash: a registry may have a port.
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        yield f"the image {image} has no tag, which means latest; pin a version or a digest"
    elif not re.search(r"\d", tag) or tag.startswith("latest"):
        yield f"the image {image} follows the tag {tag}, which moves; pin a version or a digest"


IMAGE_PINNED = Rule(
    name="image-pinned",
    level=Level.MANDATORY,
    summary="Images are pinned by version or digest.",
    blind="What is in the image and who signed it; images that a Helm release or an operator names. For those: "
    "Trivy, and Kyverno's verify-image rules.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    check=each(_image_pinned),
    settings={
        "digest": {"type": "boolean", "description": "Whether only a digest will do; default false."},
        "registries": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Registries, with or without a path, that images may come from; default every one.",
        },
    },
)
