"""Names of images at a mirror."""

import pytest

from components.pod.images import mirror_of, registry_of


@pytest.mark.parametrize(
    ("image", "registry", "rest"),
    [
        ("postgres:18", "docker.io", "library/postgres:18"),
        ("qdrant/qdrant:v1", "docker.io", "qdrant/qdrant:v1"),
        ("docker.io/library/postgres:18", "docker.io", "library/postgres:18"),
        ("localhost/x:1", "localhost", "x:1"),
        ("registry:5000/x:1", "registry:5000", "x:1"),
        ("quay.io/oauth2-proxy/oauth2-proxy@sha256:00", "quay.io", "oauth2-proxy/oauth2-proxy@sha256:00"),
    ],
)
def test_the_registry_in_a_name(image: str, registry: str, rest: str) -> None:
    assert registry_of(image) == (registry, rest)


@pytest.mark.parametrize(
    ("image", "mirrors", "found"),
    [
        ("postgres:18", {"docker.io": "harbor.example.com/hub"}, "harbor.example.com/hub/library/postgres:18"),
        ("quay.io/a/b:1", {"docker.io": "harbor.example.com/hub"}, "quay.io/a/b:1"),
        ("quay.io/a/b:1", {"*": "harbor.example.com/any/"}, "harbor.example.com/any/a/b:1"),
        ("quay.io/a/b:1", {"*": "x.example.com", "quay.io": "y.example.com"}, "y.example.com/a/b:1"),
        # already there: an image of the mirror's own host keeps its name
        ("harbor.example.com/team/b:1", {"*": "harbor.example.com/any"}, "harbor.example.com/team/b:1"),
    ],
)
def test_the_name_at_a_mirror(image: str, mirrors: dict[str, str], found: str) -> None:
    assert mirror_of(image, mirrors) == found
