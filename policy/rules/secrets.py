"""The rule that no secret is in plain text. A message names the place of a secret and never shows its value."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, known, strings
from policy.rule import Config, Level, Rule, each
from policy.secret_words import kinds_of, secret_key, secret_lines, secret_variable
from policy.workload import containers, object_type, pod_of

_SECRET_INPUTS = {
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    "aws:rds/instance:Instance": ("password",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "alicloud:rds/account:Account": ("accountPassword",),
    "alicloud:rds/rdsAccount:RdsAccount": ("accountPassword",),
}
"""Type token -> inputs that must be secret in the program. Otherwise they are plain text in the state."""
_HELM = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")
_OWN_GROUPS = (
    "core/",
    "apps/",
    "batch/",
    "autoscaling/",
    "policy/",
    "meta/",
    "extensions/",
    "helm.sh/",
    "yaml",
    "kustomize",
)
"""What a type token has after `kubernetes:` when it is no custom resource, beside the groups that end in .k8s.io."""


def _plaintext(resource: Resource, config: Config) -> Iterator[str]:
    allowed: list[str] = config.get("names", [])
    kind = object_type(resource)
    for key in _SECRET_INPUTS.get(kind, ()):
        value = resource.inputs.get(key)
        if resource.secret_keys is not None and known(value) and value != {} and key not in resource.secret_keys:
            yield f"{key} is plain text in the state; give it as a secret (pulumi.Output.secret, config --secret)"
    if kind == "kubernetes:core/v1:ConfigMap":
        for path, text in strings(resource.inputs.get("data"), "data"):
            yield from _file(path, text, allowed)
    # A secret of the program stays one in a release; in a custom resource everybody who reads the object reads it.
    if kind in _HELM and "values" not in (resource.secret_keys or ()):
        yield from _free(resource.inputs.get("values"), "values", allowed)
    if _is_custom(kind):
        for key in resource.inputs.keys() - {"apiVersion", "kind", "metadata", "status"}:
            yield from _free(resource.inputs[key], key, allowed)
    pod = pod_of(resource)
    for name, container in containers(pod) if pod else ():
        for variable in items(container.get("env")):
            yield from (f"container {name}: {message}" for message in _variable(variable, allowed))
        for key in ("command", "args"):
            words = " ".join(str(word) for word in items(container.get(key)))
            yield from (f"container {name}: {key} holds {what}" for what in kinds_of(words))


def _file(path: str, text: str, allowed: list[str]) -> Iterator[str]:
    """Secrets in one key of a ConfigMap: in what it holds, in its lines, and by its own name."""
    name = path.removeprefix("data.")
    whole_value = "\n" not in text.strip() and text.strip() not in ("", UNKNOWN)
    if whole_value and name not in allowed and secret_key(name, text):
        yield f"{path} is a secret in plain text; put it into a Secret"
        return
    yield from (f"{path} holds {what}" for what in kinds_of(text))
    yield from _lines(path, name, text, allowed)


def _lines(path: str, file: str, text: str, allowed: list[str]) -> Iterator[str]:
    for key in secret_lines(text, file):
        if key not in allowed:
            yield f"{path} holds a secret in plain text ({key}); take it from a Secret"


def _is_custom(kind: str) -> bool:
    """Whether a type token is that of a custom resource: its API group is none of Kubernetes' own."""
    provider, _, rest = kind.partition(":")
    group = rest.partition("/")[0]
    return provider == "kubernetes" and not rest.startswith(_OWN_GROUPS) and not group.endswith(".k8s.io")


def _free(value: Any, path: str, allowed: list[str]) -> Iterator[str]:
    """Secrets in values without a schema: by the name of their key, and by what they look like."""
    if isinstance(value, Mapping):
        # A list of variables, as in a pod: {name: API_KEY, value: ...}
        if isinstance(value.get("name"), str) and "value" in value:
            yield from (f"{path}: {message}" for message in _variable(value, allowed))
            return
        for key, inner in value.items():
            yield from _entry(str(key), inner, f"{path}.{key}", allowed)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _free(inner, f"{path}[{number}]", allowed)
    elif isinstance(value, str):
        yield from (f"{path} holds {what}; take it from a Secret" for what in kinds_of(value))
        if "\n" in value:
            yield from _lines(path, path, value, allowed)


def _entry(key: str, inner: Any, path: str, allowed: list[str]) -> Iterator[str]:
    plain = isinstance(inner, str | int) and not isinstance(inner, bool) and inner not in ("", UNKNOWN)
    if plain and key not in allowed and secret_key(key, str(inner)):
        yield f"{path} is a secret in plain text; name a Secret that has it (a chart's existingSecret, or a reference)"
    else:
        yield from _free(inner, path, allowed)


def _variable(variable: Any, allowed: list[str]) -> Iterator[str]:
    name, value = str(at(variable, "name")), at(variable, "value")
    if not known(value) or value == "" or name in allowed:
        return
    if secret_variable(name):
        yield f"the variable {name} is a secret in plain text; take it from a Secret (valueFrom.secretKeyRef)"
    else:
        yield from (f"the variable {name} holds {what}; take it from a Secret" for what in kinds_of(str(value)))


NO_PLAINTEXT_SECRET = Rule(
    name="no-plaintext-secret",
    level=Level.MANDATORY,
    summary="No key, password or token is in plain text in a pod, a ConfigMap, Helm values, a custom resource or the "
    "state.",
    blind="Secrets in files (those of a release's valueYamlFiles too), images and logs, values that are encoded, "
    "and keys in a shape or under a name that it does not know. A pack is not told what is a secret in the "
    "program, so there every value of a Helm release counts as plain. For files and history: gitleaks; for "
    "manifests: Checkov (CKV_SECRET_*).",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
    check=each(_plaintext),
    settings={
        "names": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Names of variables, and keys of Helm values and custom resources, that look like secrets "
            "but are not; default: none.",
        }
    },
)
