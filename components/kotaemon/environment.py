"""The environment of the application's container: what runtime/ks_environment.py and runtime/kh_settings.py read."""

import re
from typing import NamedTuple

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import EnvVarArgs, EnvVarSourceArgs, ObjectFieldSelectorArgs

from ..contract import Role
from ..models.names import MODELS_DIR
from ..models.pod import from_claim, version_variable
from ..pod.names import RUNTIME_DIR, SCRATCH_DIR
from ..pod.variables import plain, secret_variable
from ..state.stores import DocumentStore, DocumentStoreKind, VectorStore, VectorStoreKind
from .application import Application
from .names import (
    DATA_DIR,
    DRIVER_DIR,
    FINISH_SECONDS,
    LOOPBACK,
    METRICS_PORT,
    PORT,
    START_LOCK_SECONDS,
    STOP_SECONDS,
    WRITER_LOCK_SECONDS,
)

BOGUS_IN_IMAGE = ("OPENAI_API_KEY", "VOYAGE_API_KEY", "LOCAL_MODEL")
"""The image's /app/.env holds placeholders for these, which register models that do not work
(docs/facts/kotaemon.md 5)."""
LOG_VARIABLES = {"max_file_mib": "KS_LOG_MAX_MIB", "files": "KS_LOG_FILES", "max_total_mib": "KS_LOG_TOTAL_MIB"}
"""Field of LogFiles -> the variable that the launcher reads (components/kotaemon/runtime/ks_log.py)."""
ADMIN_PASSWORD_KEY = "password"  # noqa: S105 the name of a key


class Secrets(NamedTuple):
    """The Secrets that the pod reads."""

    admin: Input[str]
    """Name of the Secret with the first administrator's password."""
    api_keys: Input[str] = ""
    """Name of the Secret with the API keys; empty when there are none."""
    auth_proxy: Input[str] = ""
    """Name of the Secret of the authentication proxy; empty when there is no proxy."""
    checksum: Input[str] | None = None
    """Changes with the values of the API keys and the proxy's secrets."""


def role_dir(app: Application, role: Role) -> str:
    """Path inside the pod at which a role is mounted. Versions of models have a path of their own."""
    if role == Role.MODELS and app.models is not None:
        return MODELS_DIR
    return f"{DATA_DIR}/{role.value}"


def container_env(app: Application, secrets: Secrets) -> list[EnvVarArgs]:
    """Everything the container is told. The user's own variables come last, and never replace ours: mistakes.py."""
    pod_name = EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path="metadata.name"))
    return [
        EnvVarArgs(name="KS_POD_NAME", value_from=pod_name),
        # Before the mounts that name it.
        *([version_variable()] if app.models is not None and from_claim(app.models) else []),
        *plain(_pod(app)),
        *plain({"KH_APP_VERSION": _version(app.image), "KH_FEATURE_USER_MANAGEMENT_ADMIN": app.admin_name}),
        secret_variable(
            "KH_FEATURE_USER_MANAGEMENT_PASSWORD", {"secret_name": secrets.admin, "key": ADMIN_PASSWORD_KEY}
        ),
        *store_variables(app),
        *plain({name: "" for name in BOGUS_IN_IMAGE if name not in app.env and name not in app.api_keys}),
        *plain(dict(sorted(app.env.items()))),
        *(secret_variable(name, {"secret_name": secrets.api_keys, "key": name}) for name in app.api_keys),
    ]


def _pod(app: Application) -> dict[str, Input[str]]:
    read_only = [
        role.value
        for role, mount in app.mounts.items()
        if mount["read_only"] or (role == Role.MODELS and app.models is not None)
    ]
    path = [RUNTIME_DIR, *([DRIVER_DIR] if app.installs_driver else [])]
    return {
        "KS_PROFILE": app.profile.value,
        **{f"KS_{role.name}_DIR": role_dir(app, role) for role in app.mounts},
        "KS_READ_ONLY_ROLES": ",".join(read_only),
        "KS_SCRATCH_DIR": SCRATCH_DIR,
        "KS_FINISH_SECONDS": str(FINISH_SECONDS),
        "KS_STOP_SECONDS": str(STOP_SECONDS),
        "KS_LOCK_WAIT_SECONDS": str(START_LOCK_SECONDS if app.scaled else WRITER_LOCK_SECONDS),
        **{variable: str(int(app.logs[key])) for key, variable in LOG_VARIABLES.items() if key in app.logs},
        **({"KS_METRICS_PORT": str(METRICS_PORT)} if app.monitors else {}),
        "THEFLOW_SETTINGS_MODULE": "kh_settings",
        "PYTHONPATH": ":".join(path),
        # Behind the proxy nobody gets around it, also in a cluster whose network ignores policies.
        "GRADIO_SERVER_NAME": LOOPBACK if app.auth_proxy else "0.0.0.0",  # noqa: S104 the pod's own address
        "GRADIO_SERVER_PORT": str(PORT),
    }


def store_variables(app: Application) -> list[EnvVarArgs]:
    """Variables that say where the stores of the profile `scaled` are."""
    if app.stores is None:
        return []
    return [
        secret_variable("KH_DATABASE", app.stores["database"]["url"]),
        *_vector_store(app.stores["vector_store"]),
        *_document_store(app.stores.get("document_store")),
    ]


def _vector_store(store: VectorStore) -> list[EnvVarArgs]:
    kind = VectorStoreKind(store["kind"])
    url, key = ("QDRANT_URL", "QDRANT_API_KEY") if kind == VectorStoreKind.QDRANT else ("MILVUS_URI", "MILVUS_TOKEN")
    return [*plain({"KS_VECTOR_STORE": kind.value, url: store["url"]}), secret_variable(key, store["api_key"])]


def _document_store(store: DocumentStore | None) -> list[EnvVarArgs]:
    if store is None or store["kind"] == DocumentStoreKind.LANCEDB:
        return plain({"KS_DOC_STORE": DocumentStoreKind.LANCEDB.value})
    values: dict[str, Input[str]] = {
        "KS_DOC_STORE": DocumentStoreKind.ELASTICSEARCH.value,
        "ELASTICSEARCH_URL": store.get("url", ""),
        "ELASTICSEARCH_USER": store.get("user", "elastic"),
    }
    password = [secret_variable("ELASTICSEARCH_PASSWORD", store["password"])] if "password" in store else []
    return [*plain(values), *password]


def _version(image: Input[str]) -> Input[str]:
    return version_of(image) if isinstance(image, str) else Output.from_input(image).apply(version_of)


def version_of(image: str) -> str:
    """The application's version in the image's tag; empty for a digest. Without it the application says 0.0.1."""
    tag = re.search(r":v?(\d+\.\d+\.\d+)", image)
    return tag[1] if tag else ""
