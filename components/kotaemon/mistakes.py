"""Every mistake in the arguments of Kotaemon, found before anything is created."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..contract import WRITTEN, AccessMode, Role
from ..models import pod as models
from ..pod import imposed
from ..pod.names import OLDEST_VERSION
from ..state.stores import DocumentStoreKind
from . import session_export
from .application import Application, application
from .args import ExposureKind, KotaemonArgs
from .environment import LOG_VARIABLES, version_of
from .exposure import by_entity, clients
from .switches import FLAGS, graphs_switched_on, refused_flag

SHARED = (AccessMode.RWX, AccessMode.ROX)
OURS = (
    "GRADIO_SERVER_NAME",
    "GRADIO_SERVER_PORT",
    "GRADIO_TEMP_DIR",  # citations hold this path for ever (docs/facts/kotaemon.md 8-4)
    "HF_HOME",  # the application overwrites both (docs/facts/kotaemon.md 2)
    "HF_HUB_CACHE",
    "KH_DATABASE",
    "KH_DEMO_MODE",
    "KH_FEATURE_USER_MANAGEMENT_ADMIN",
    "KH_FEATURE_USER_MANAGEMENT_PASSWORD",
    "KH_GRADIO_SHARE",  # a public tunnel past the ingress
    "PYTHONPATH",
    "THEFLOW_SETTINGS_MODULE",
)
OUR_PREFIXES = ("KS_", "QDRANT_", "MILVUS_", "ELASTICSEARCH_")
SECRET_NAME = re.compile(r"(_API_KEY|SECRET_KEY|_PASSWORD|_SECRET|_TOKEN|_CREDENTIAL)$")


def check(name: str, args: KotaemonArgs) -> list[str]:
    """Mistakes in the arguments of Kotaemon(name, args); none: it can be made."""
    app = application(name, args)
    return [
        *_numbers(app),
        *_storage(app),
        *_environment(app),
        *_stores(app),
        *_exposure(app),
        *_logs(app),
        *_models(app),
        *session_export.mistakes(app),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(app.cluster_imposes)),
    ]


def _numbers(app: Application) -> Iterator[str]:
    if app.replicas < 1:
        yield f"replicas: {app.replicas} is not allowed; it must be 1 or more"
    if app.replicas > 1 and not app.scaled:
        yield (
            f"replicas: {app.replicas} is not allowed in the profile single-writer: SQLite, Chroma and LanceDB allow "
            "one writer; use replicas 1, or the profile scaled"
        )
    for key, value in (("uid", app.uid), ("gid", app.gid)):
        if value < 1:
            yield f"{key}: {value} is not allowed; Pod Security restricted admits no root; the default is 1001"
    version = version_of(app.image) if isinstance(app.image, str) else ""
    if version and _number(version) < _number(OLDEST_VERSION):
        yield f"image: version {version} has no /app/.venv; the oldest that this starts is {OLDEST_VERSION}"
    if app.autoscaler is None:
        return
    least, most = app.autoscaler["min_replicas"], app.autoscaler["max_replicas"]
    if not app.scaled:
        yield "autoscaler: is not allowed in the profile single-writer: it would start a second writer"
    if not 1 <= least <= most:
        yield f"autoscaler: min_replicas {least} and max_replicas {most} are not allowed; it must be 1 <= min <= max"


def _storage(app: Application) -> Iterator[str]:
    known = [role.value for role in Role]
    for role in app.storage:
        if role not in known:
            yield f"storage: {role!r} is no role; the roles are {', '.join(known)}"
    needed = [Role.INDEXES, Role.MODELS, Role.UPLOADS] + ([] if app.scaled else [Role.SESSIONS])
    for role in needed:
        if role not in app.storage:
            yield f"storage: the role {role.value} is missing"
    for role, mount in app.mounts.items():
        claim = mount["claim"]
        if mount["read_only"] and role in WRITTEN:
            yield f"storage.{role.value}: read_only is not allowed: the application writes there"
        if app.scaled and claim["access_mode"] not in SHARED and not (role == Role.MODELS and app.follows_leader):
            yield (
                f"storage.{role.value}: the claim {claim['name']} is {claim['access_mode'].value}; pods on many nodes "
                "share it in the profile scaled, so it must be ReadWriteMany"
            )
    yield from _folders(app)


def _folders(app: Application) -> Iterator[str]:
    taken: list[tuple[str, PurePosixPath, Role]] = []
    for role, mount in app.mounts.items():
        claim, folder = mount["claim"]["name"], PurePosixPath(mount["sub_path"])
        if not folder.parts or folder.is_absolute() or ".." in folder.parts:
            yield f"storage.{role.value}: sub_path {mount['sub_path']!r} is not a folder inside the claim"
            continue
        for other, path, owner in taken:
            if other == claim and (path == folder or path in folder.parents or folder in path.parents):
                yield f"storage.{role.value}: its folder {folder} is not apart from {path} of {owner.value} on {claim}"
        taken.append((claim, folder, role))


def _environment(app: Application) -> Iterator[str]:
    for where, names in (("env", app.env), ("api_keys", app.api_keys)):
        for name in names:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                yield f"{where}: {name!r} is no name of an environment variable"
            elif name in OURS or name.startswith(OUR_PREFIXES):
                yield f"{where}: {name} is set by this component, or must not be set; leave it out"
    for name, value in app.env.items():
        if name in app.api_keys:
            yield f"env: {name} is in api_keys as well; leave it in one of them"
        elif value and SECRET_NAME.search(name):
            yield f"env: {name} looks like a secret; give it in api_keys, where it stays one"
        elif name in FLAGS and (reason := refused_flag(value)):
            yield f"env: {name}: {reason}"
    for name in graphs_switched_on(app.env) if app.scaled else []:
        yield f"env: {name} is not allowed in the profile scaled: graph indexes are local files of one writer"


def _logs(app: Application) -> Iterator[str]:
    for key in LOG_VARIABLES:
        if key in app.logs and int(app.logs[key]) < 1:
            yield f"logs.{key}: {app.logs[key]} is not allowed; it must be 1 or more"
    file, total = app.logs.get("max_file_mib"), app.logs.get("max_total_mib")
    if file is not None and total is not None and int(total) < int(file):
        yield f"logs.max_total_mib: {total} is less than max_file_mib {file}; one pod alone would exceed it"


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _stores(app: Application) -> Iterator[str]:
    if app.stores is None:
        if app.scaled:
            yield "stores: missing; the profile scaled needs a database and a vector_store"
        return
    if not app.scaled:
        yield "stores: not allowed in the profile single-writer, whose stores are files; use the profile scaled"
    for key in ("database", "vector_store"):
        if key not in app.stores:
            yield f"stores.{key}: missing; the profile scaled needs it"
    if "vector_store" in app.stores and "api_key" not in app.stores["vector_store"]:
        kind = app.stores["vector_store"]["kind"].value
        yield f"stores.vector_store.api_key: missing; without it everybody who reaches {kind} reads every document"
    documents = app.stores.get("document_store")
    if documents is not None and documents["kind"] == DocumentStoreKind.ELASTICSEARCH:
        for key in ("url", "endpoint", "password"):
            if key not in documents:
                yield f"stores.document_store.{key}: missing; elasticsearch needs it"


def _models(app: Application) -> Iterator[str]:
    if app.models is not None:
        yield from (f"models.{line}" for line in models.mistakes(app.models, app.mounts.get(Role.MODELS)))

    if app.follows_leader and Role.MODELS in app.mounts:
        claim = app.mounts[Role.MODELS]["claim"]["name"]
        for role, mount in app.mounts.items():
            if role != Role.MODELS and mount["claim"]["name"] == claim:
                yield (
                    f"models.leader: the leader alone mounts the claim {claim}, and the role {role.value} is on it "
                    "too; put one of them on another claim"
                )


def _exposure(app: Application) -> Iterator[str]:
    if app.exposure is not None and not (clients(app.exposure, app.entrance) or by_entity(app.exposure)):
        yield "exposure.controller_namespace: missing; without it or controller_networks nobody reaches the application"
    if app.exposure is not None and app.exposure["kind"] == ExposureKind.INGRESS and "class_name" not in app.exposure:
        yield "exposure.class_name: missing; name the IngressClass of your controller: no controller is a default"
    if app.exposure is not None and app.exposure["kind"] == ExposureKind.HTTPROUTE:
        for key in ("gateway_name", "gateway_namespace"):
            if key not in app.exposure:
                yield f"exposure.{key}: missing; an HTTPRoute belongs to a Gateway"
    if app.auth_proxy is not None:
        if app.exposure is None:
            yield "auth_proxy: needs an exposure: the issuer sends people back to its hostname"
        if not app.auth_proxy["email_domains"]:
            yield "auth_proxy.email_domains: empty; name the domains whose people may enter, or '*' for everybody"
    for where, endpoint in enumerate(app.model_endpoints or []):
        if ("cidr" in endpoint) == ("namespace" in endpoint or "pod_labels" in endpoint):
            yield f"model_endpoints[{where}]: give either cidr, or namespace and pod_labels"
