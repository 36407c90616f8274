"""Cases of the rules about images."""

from policy.resource import UNKNOWN
from tests.policy.cases.case import one
from tests.policy.resources import CONTAINER, DEPLOY, DEPLOYMENT, changed

IMAGE = f"{CONTAINER}/image"
DIGEST = "app@sha256:" + "0" * 64
CASES = [
    one("image-pinned", "version", DEPLOY, DEPLOYMENT),
    one("image-pinned", "digest", DEPLOY, changed(DEPLOYMENT, IMAGE, DIGEST), digest=True),
    one("image-pinned", "unknown", DEPLOY, changed(DEPLOYMENT, IMAGE, UNKNOWN)),
    one("image-pinned", "missing", DEPLOY, changed(DEPLOYMENT, IMAGE), "container app: image is missing"),
    one(
        "image-pinned",
        "no tag, registry with a port",
        DEPLOY,
        changed(DEPLOYMENT, IMAGE, "localhost:5000/app"),
        "container app: the image localhost:5000/app has no tag, which means latest; pin a version or a digest",
    ),
    one(
        "image-pinned",
        "moving tag",
        DEPLOY,
        changed(DEPLOYMENT, IMAGE, "app:main-lite"),
        "container app: the image app:main-lite follows the tag main-lite, which moves; pin a version or a digest",
    ),
    one(
        "image-pinned",
        "configured digest",
        DEPLOY,
        DEPLOYMENT,
        "container app: the image registry.example.com/app:1.2.3 has no digest (@sha256:...)",
        digest=True,
    ),
    one(
        "image-pinned",
        "configured registry",
        DEPLOY,
        DEPLOYMENT,
        "container app: the image registry.example.com/app:1.2.3 is from none of the allowed registries registry.example.co",
        registries=["registry.example.co"],
    ),
    one("image-pinned", "patch without an image", f"{DEPLOY}Patch", changed(DEPLOYMENT, IMAGE)),
]
