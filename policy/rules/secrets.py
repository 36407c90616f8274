"""The rule that no secret is in plain text. A message names the place of a secret and never shows its value."""

import re
from collections.abc import Iterator
from typing import Any

from policy.resource import Resource, at, items, known, strings
from policy.rule import Config, Level, Rule, each
from policy.workload import containers, pod_of

SECRET_NAME = re.compile(
    r"(^|_)(API_?KEY|SECRET(_KEY|_ACCESS_KEY)?|PASSWORD|PASSWD|TOKEN|CREDENTIALS?|PRIVATE_KEY|ACCESS_KEY_SECRET)$", re.I
)
"""Names of variables whose value is a secret. Only the end of a name counts: MAX_TOKENS and TOKEN_LIMIT do not
match."""
SECRET_VALUES = (
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"\bLTAI[0-9A-Za-z]{12,}\b"), "an Alibaba Cloud access key"),
    (re.compile(r"\bsk-[0-9A-Za-z_-]{20,}"), "an API key"),
    (re.compile(r"\bgh[pousr]_[0-9A-Za-z]{30,}"), "a GitHub token"),
    (re.compile(r"\bhf_[0-9A-Za-z]{30,}"), "a Hugging Face token"),
    (re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"), "a Slack token"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"), "a JSON web token"),
    (re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:[^\s@/$]+@"), "a password in a URL"),
    # It does not match --no-password, a flag that is followed by another flag, or a flag whose value is a variable.
    (
        re.compile(r"(?i)(?<![^\s\"'])--?(password|api-?key|secret|token)[= ](?![-$\"'])\S+"),
        "a password on a command line",
    ),
)
_SECRET_INPUTS = {
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    "aws:rds/instance:Instance": ("password",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "alicloud:rds/account:Account": ("accountPassword",),
    "alicloud:rds/rdsAccount:RdsAccount": ("accountPassword",),
}
"""Type token -> inputs that must be secret in the program. Otherwise they are plain text in the state."""
_SCANNED = {"kubernetes:core/v1:ConfigMap": ("data",)}


def _plaintext(resource: Resource, config: Config) -> Iterator[str]:
    allowed: list[str] = config.get("names", [])
    for key in _SECRET_INPUTS.get(resource.type, ()):
        value = resource.inputs.get(key)
        if resource.secret_keys is not None and known(value) and value != {} and key not in resource.secret_keys:
            yield f"{key} is plain text in the state; give it as a secret (pulumi.Output.secret, config --secret)"
    for key in _SCANNED.get(resource.type, ()):
        for path, text in strings(resource.inputs.get(key), key):
            yield from (f"{path} holds {what}" for what in _kinds(text))
    pod = pod_of(resource)
    for name, container in containers(pod) if pod else ():
        for variable in items(container.get("env")):
            yield from (f"container {name}: {message}" for message in _variable(variable, allowed))
        for key in ("command", "args"):
            words = " ".join(str(word) for word in items(container.get(key)))
            yield from (f"container {name}: {key} holds {what}" for what in _kinds(words))


def _variable(variable: Any, allowed: list[str]) -> Iterator[str]:
    name, value = str(at(variable, "name")), at(variable, "value")
    if not known(value) or value == "" or name in allowed:
        return
    if SECRET_NAME.search(name):
        yield f"the variable {name} is a secret in plain text; take it from a Secret (valueFrom.secretKeyRef)"
    else:
        yield from (f"the variable {name} holds {what}; take it from a Secret" for what in _kinds(str(value)))


def _kinds(text: str) -> list[str]:
    # The kubelet replaces $(NAME) by a variable of the pod, which may come from a Secret.
    return [what for pattern, what in SECRET_VALUES if pattern.search(text)]


NO_PLAINTEXT_SECRET = Rule(
    name="no-plaintext-secret",
    level=Level.MANDATORY,
    summary="No key, password or token is in plain text in a pod, a ConfigMap or the state.",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
    check=each(_plaintext),
    settings={
        "names": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Names of variables that look like secrets but are not; default: none.",
        }
    },
)
