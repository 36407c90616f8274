"""What the API server would refuse of the pods is a mistake of the stack file, with its own key."""

import json
from typing import Any

import pytest

from stacks.settings.load import SettingsError, load

NFS = {"claims": {"files": {"kind": "nfs", "server": "10.0.0.9", "path": "/srv"}}}


def said(**keys: Any) -> str:
    roles = {role: {"claim": "files"} for role in ("sessions", "indexes", "models", "uploads", "logs", "eval")}
    given = {"platform": "private", "storage": {**NFS, "roles": roles}, **keys}
    with pytest.raises(SettingsError) as found:
        load({f"kotaemon:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}, set(), "x.yaml")
    return str(found.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"affinity": {"nodeAffinity": [{"key": "a"}]}}, "kotaemon:affinity: nodeAffinity: must be a mapping"),
        ({"nodeSelector": {"kubernetes.io/os": "windows"}}, "kotaemon:nodeSelector: kubernetes.io/os: 'windows'"),
        ({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}, "kotaemon:tolerations.0: value 'b'"),
        ({"podLabels": {"app.kubernetes.io/name": "x"}}, "kotaemon:podLabels: app.kubernetes.io/name selects"),
        ({"podAnnotations": {"a b": "x"}}, "kotaemon:podAnnotations: 'a b' is no key"),
        ({"imageMirrors": {"ghcr.io": "https://a.b/c"}}, "kotaemon:imageMirrors: ghcr.io: 'https://a.b/c' has a scheme"),
        ({"pods": {"database": {"nodeSelector": {"a b": "c"}}}}, "kotaemon:pods.database.nodeSelector: 'a b' is no key"),
        ({"nodeSelector": {"gpu": True}}, 'kotaemon:nodeSelector.gpu: true must be a text, so in quotation marks: write "true"'),
        ({"nodeSelector": {"count": 3}}, 'kotaemon:nodeSelector.count: 3 must be a text, so in quotation marks: write "3"'),
    ],
)  # fmt: skip
def test_it_is_told_with_its_key(keys: dict[str, Any], words: str) -> None:
    assert words in said(**keys)
