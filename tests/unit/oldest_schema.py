"""The schemas of the oldest Kubernetes that the program supports, cut down to the kinds that it makes.

`python -m tests.unit.oldest_schema` writes oldest_schema.json from the API description in the public Go module
k8s.io/kubernetes (Apache-2.0; api/openapi-spec/swagger.json), at the last patch of the release in
components/kubernetes_version.py: without descriptions, and closed, so that an unknown field is a mistake as it is for
`kubectl apply --validate=strict`. A field that is there behind a feature gate is in it as well: the list NUMBERED in
tests/unit/components/test_kubernetes_version.py knows those.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from components.kubernetes_version import OLDEST_TEXT

MODULE, PATCH = "k8s.io/kubernetes", "14"
FILE = Path(__file__).with_suffix(".json")
KINDS = (
    "v1 ConfigMap",
    "v1 Namespace",
    "v1 PersistentVolume",
    "v1 PersistentVolumeClaim",
    "v1 Secret",
    "v1 Service",
    "v1 ServiceAccount",
    "apps/v1 Deployment",
    "apps/v1 StatefulSet",
    "autoscaling/v2 HorizontalPodAutoscaler",
    "batch/v1 CronJob",
    "batch/v1 Job",
    "networking.k8s.io/v1 Ingress",
    "networking.k8s.io/v1 NetworkPolicy",
    "policy/v1 PodDisruptionBudget",
    "storage.k8s.io/v1 StorageClass",
)
"""Kinds that every cluster of the oldest release has, as `apiVersion kind`. Custom resources have no schema there."""
_PREFIX = "#/definitions/"


def cut(swagger: dict[str, Any], version: str) -> dict[str, Any]:
    """The definitions of KINDS and of what they refer to, under `definitions`, and the name of each kind's."""
    every = swagger["definitions"]
    names = {
        f"{group['group']}/{group['version']} {group['kind']}".lstrip("/"): name
        for name, body in every.items()
        for group in body.get("x-kubernetes-group-version-kind", ())
    }
    roots = {kind: names[kind] for kind in KINDS}
    found: dict[str, Any] = {}
    todo = list(roots.values())
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = _closed(every[name])
            todo += _references(found[name])
    return {"version": version, "kinds": roots, "definitions": dict(sorted(found.items()))}


def _closed(body: Any) -> Any:
    """A schema without words, in which an object takes only its own properties, and an int-or-string is both."""
    if isinstance(body, list):
        return [_closed(item) for item in body]
    if not isinstance(body, dict):
        return body
    if body.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    kept = {key: _closed(value) for key, value in body.items() if key in _KEPT}
    if "properties" in body:
        # A property may be called like a keyword: its name is kept whatever it is.
        kept["properties"] = {name: _closed(value) for name, value in body["properties"].items()}
        kept["additionalProperties"] = False
    return kept


_KEPT = {"type", "required", "items", "additionalProperties", "enum", "$ref"}


def _references(body: Any) -> list[str]:
    if isinstance(body, list):
        return [name for item in body for name in _references(item)]
    if not isinstance(body, dict):
        return []
    own = [body["$ref"].removeprefix(_PREFIX)] if isinstance(body.get("$ref"), str) else []
    return own + [name for value in body.values() for name in _references(value)]


def main() -> None:
    """Download the module by Go's own client, and write the file."""
    command = ["go", "mod", "download", "-json", f"{MODULE}@v{OLDEST_TEXT}.{PATCH}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    folder = Path(json.loads(done.stdout)["Dir"])
    swagger = json.loads((folder / "api/openapi-spec/swagger.json").read_text())
    FILE.write_text(json.dumps(cut(swagger, f"v{OLDEST_TEXT}.{PATCH}"), separators=(",", ":")) + "\n")
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
