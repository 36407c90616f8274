"""Cases of the rules about secrets in plain text."""

from typing import Any

from tests.policy.cases.case import Case, one
from tests.policy.resources import CONTAINER, DEPLOY, DEPLOYMENT, changed, resource

SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def env(name: str, **value: Any) -> dict[str, Any]:
    return changed(DEPLOYMENT, f"{CONTAINER}/env/0", {"name": name, **value})


CASES = [
    one("no-plaintext-secret", "compliant", DEPLOY, env("OPENAI_API_KEY", valueFrom={"secretKeyRef": {}})),
    one("no-plaintext-secret", "missing value", DEPLOY, env("OPENAI_API_KEY")),
    one("no-plaintext-secret", "number of tokens", DEPLOY, env("MAX_TOKENS", value="1000")),
    one("no-plaintext-secret", "URL without a password", DEPLOY, env("URL", value="http://qdrant:6333")),
    one("no-plaintext-secret", "filled in by the kubelet", DEPLOY, env("URL", value="postgresql://u:$(PASSWORD)@db/x")),
    one(
        "no-plaintext-secret",
        "by its name",
        DEPLOY,
        env("OPENAI_API_KEY", value="x"),
        "container app: the variable OPENAI_API_KEY is a secret in plain text; take it from a Secret "
        "(valueFrom.secretKeyRef)",
    ),
    one(
        "no-plaintext-secret",
        "by its value",
        DEPLOY,
        env("DATABASE", value="postgresql://kotaemon:hunter2@db:5432/x"),
        "container app: the variable DATABASE holds a password in a URL; take it from a Secret",
    ),
    one(
        "no-plaintext-secret",
        "command line",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/args", ["--password=hunter2"]),
        "container app: args holds a password on a command line",
    ),
    one(
        "no-plaintext-secret",
        "no password on a command line",
        CONFIG_MAP,
        {
            "data": {
                "run.sh": 'psql --no-password --quiet\nrun --password "$PASSWORD" --token=$TOKEN --password-file=/run/p'
            }
        },
    ),
    one(
        "no-plaintext-secret",
        "ConfigMap",
        CONFIG_MAP,
        {"data": {"settings.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'"}},
        "data.settings.py holds an AWS access key",
    ),
    Case(
        "no-plaintext-secret",
        "Secret that is none in the program",
        [resource(SECRET, {"data": {"password": "aHVudGVyMg=="}}, secret_keys=frozenset())],
        ["data is plain text in the state; give it as a secret (pulumi.Output.secret, config --secret)"],
    ),
    Case(
        "no-plaintext-secret",
        "Secret",
        [resource(SECRET, {"data": {"password": "aHVudGVyMg=="}}, secret_keys=frozenset({"data"}))],
        [],
    ),
    Case("no-plaintext-secret", "nobody can tell", [resource(SECRET, {"data": {"a": "b"}}, secret_keys=None)], []),
    one("no-plaintext-secret", "configured", DEPLOY, env("SESSION_TOKEN", value="off"), names=["SESSION_TOKEN"]),
]
