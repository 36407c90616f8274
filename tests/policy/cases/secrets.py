"""Cases of the rules about secrets in plain text."""

from typing import Any

from policy.resource import Given
from tests.policy.cases.case import Case, one
from tests.policy.resources import CONTAINER, DEPLOY, DEPLOYMENT, changed, resource

SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def env(name: str, **value: Any) -> dict[str, Any]:
    return changed(DEPLOYMENT, f"{CONTAINER}/env/0", {"name": name, **value})


def release(values: dict[str, Any], secret_keys: frozenset[str] = frozenset()) -> Given:
    return resource("kubernetes:helm.sh/v3:Release", {"chart": "postgresql", "values": values}, secret_keys=secret_keys)


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
    one(
        "no-plaintext-secret",
        "lines of a ConfigMap",
        CONFIG_MAP,
        {
            "data": {
                "app.yaml": "db:\n  host: db\n  password: hunter2\n  passwordFile: /run/x\ntoken: ${TOKEN}\nmax_tokens: 5\n",
                "app.properties": "spring.datasource.password=hunter2\nspring.mail.password=\nenable.password=false\n",
                "vars.env": "export OPENAI_API_KEY=abc123def\nAPI_KEY=$OTHER\n",
                "run.py": "password = read()\ntoken=first\n",
                "POSTGRES_PASSWORD": "hunter2",
                "TOKEN_URL": "https://login.example.com/token",
            }
        },
        "data.app.yaml holds a secret in plain text (password); take it from a Secret",
        "data.app.properties holds a secret in plain text (spring.datasource.password); take it from a Secret",
        "data.vars.env holds a secret in plain text (OPENAI_API_KEY); take it from a Secret",
        "data.POSTGRES_PASSWORD is a secret in plain text; put it into a Secret",
    ),
    one("no-plaintext-secret", "line that is allowed", CONFIG_MAP, {"data": {"a.ini": "token=first"}}, names=["token"]),
    one(
        "no-plaintext-secret",
        "variable of libpq",
        DEPLOY,
        env("PGPASSWORD", value="hunter2"),
        "container app: the variable PGPASSWORD is a secret in plain text; take it from a Secret "
        "(valueFrom.secretKeyRef)",
    ),
    Case(
        "no-plaintext-secret",
        "Helm values: short names, and files in a value",
        [release({"auth": {"pass": "hunter2"}, "proxy_pass": "http://up", "extra": "db:\n  password: hunter2\n"})],
        [
            "values.auth.pass is a secret in plain text; name a Secret that has it (a chart's existingSecret, or a "
            "reference)",
            "values.extra holds a secret in plain text (password); take it from a Secret",
        ],
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
    Case("no-plaintext-secret", "Helm values that name a Secret", [release({"auth": {"existingSecret": "pg"}})], []),
    Case(
        "no-plaintext-secret",
        "Helm values",
        [
            release(
                {
                    "auth": {"adminPassword": "hunter2", "enablePostgresUser": True, "replicationPassword": ""},
                    "metrics": {"tokenTtl": 3600, "bearerToken": "{{ .Values.token }}", "apiKey": "$(API_KEY)"},
                    "extraEnv": [{"name": "QDRANT_API_KEY", "value": "hunter2"}, {"name": "MODE", "value": "fast"}],
                    "url": "amqp://rag:hunter2@mq:5672",
                    "numbers": [{"password": 4711}],
                }
            )
        ],
        [
            "values.auth.adminPassword is a secret in plain text; name a Secret that has it (a chart's existingSecret, "
            "or a reference)",
            "values.extraEnv[0]: the variable QDRANT_API_KEY is a secret in plain text; take it from a Secret "
            "(valueFrom.secretKeyRef)",
            "values.url holds a password in a URL; take it from a Secret",
            "values.numbers[0].password is a secret in plain text; name a Secret that has it (a chart's "
            "existingSecret, or a reference)",
        ],
    ),
    Case(
        "no-plaintext-secret",
        "Helm values that are secret in the program",
        [release({"auth": {"password": "hunter2"}}, secret_keys=frozenset({"values"}))],
        [],
    ),
    Case(
        "no-plaintext-secret",
        "custom resource, secret in the program or not: the cluster has it in plain text",
        [
            resource(
                "kubernetes:qdrant.example.io/v1:QdrantCluster",
                {"metadata": {"name": "v"}, "spec": {"apiKey": "hunter2", "secretKey": "name-of-a-key"}},
                secret_keys=frozenset({"spec"}),
            )
        ],
        [
            "spec.apiKey is a secret in plain text; name a Secret that has it (a chart's existingSecret, or a reference)",
        ],
    ),
    one(
        "no-plaintext-secret",
        "custom resource without a secret",
        "kubernetes:postgresql.cnpg.io/v1:Cluster",
        {"spec": {"superuserSecret": {"name": "pg"}, "bootstrap": {"initdb": {"secret": {"name": "app"}}}}},
    ),
    one(
        "no-plaintext-secret",
        "SQL in a custom resource",
        "kubernetes:postgresql.cnpg.io/v1:Cluster",
        {"spec": {"bootstrap": {"initdb": {"postInitSQL": ["CREATE ROLE app LOGIN PASSWORD 'hunter2'"]}}}},
        "spec.bootstrap.initdb.postInitSQL[0] holds a password in SQL; take it from a Secret",
    ),
    one(
        "no-plaintext-secret",
        "Kubernetes' own kinds have no free values",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        {"parameters": {"token": "hunter2"}},
    ),
    one(
        "no-plaintext-secret",
        "patch of a Deployment",
        f"{DEPLOY}Patch",
        env("OPENAI_API_KEY", value="x"),
        "container app: the variable OPENAI_API_KEY is a secret in plain text; take it from a Secret "
        "(valueFrom.secretKeyRef)",
    ),
    *(
        one(
            "no-plaintext-secret",
            f"connection string: {text}",
            DEPLOY,
            env("STORE", value=text),
            "container app: the variable STORE holds a password in a connection string; take it from a Secret",
        )
        for text in (
            "host=db user=rag password=hunter2 dbname=rag",
            "password=hunter2 host=db",
            "jdbc:postgresql://db:5432/rag?user=rag&password=hunter2",
            "Server=db,1433;Database=rag;User Id=rag;Password=hunter2;Encrypt=yes",
            "DefaultEndpointsProtocol=https;AccountName=rag;AccountKey=hunter2==;EndpointSuffix=core.windows.net",
        )
    ),
    *(
        one("no-plaintext-secret", f"no password: {text}", CONFIG_MAP, {"data": {"file": text}})
        for text in (
            "connect(host=host, user=user, password=password)",
            "host=db user=rag password=$PGPASSWORD dbname=rag",
            "jdbc:postgresql://db/rag?user=rag&password=${DB_PASSWORD}",
            "Server=db;Password={password};",
            "ALTER ROLE rag PASSWORD :'secret'",
            "https://docs.example.com/reset?password=",
            "server_name=x; location / { proxy_pass http://up; }",
        )
    ),
    one(
        "no-plaintext-secret",
        "configured key of Helm values",
        "kubernetes:helm.sh/v3:Release",
        {"values": {"csrfToken": "off"}},
        names=["csrfToken"],
    ),
]
