"""Every mistake, with its exact message, and all of them at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contract import AccessMode, Profile, Role
from components.kotaemon.application import application
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.mistakes import check
from tests.unit.components.kotaemon.samples import (
    DISK,
    EXPOSURE,
    FILES,
    PROXY,
    on,
    scaled_args,
    single_args,
    storage,
    stores,
)


def mistakes(args: KotaemonArgs) -> list[str]:
    return check("kotaemon", args)


@pytest.mark.parametrize("args", [single_args(), scaled_args(), single_args(storage=storage(FILES))])
def test_good_arguments_pass(args: KotaemonArgs) -> None:
    assert check("kotaemon", args) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logs": {"files": 0}}, "logs.files: 0 is not allowed; it must be 1 or more"),
        (
            {"logs": {"max_file_mib": 64, "max_total_mib": 8}},
            "logs.max_total_mib: 8 is less than max_file_mib 64; one pod alone would exceed it",
        ),
        ({"replicas": 0}, "replicas: 0 is not allowed; it must be 1 or more"),
        (
            {"replicas": 2},
            "replicas: 2 is not allowed in the profile single-writer: SQLite, Chroma and LanceDB allow one writer; "
            "use replicas 1, or the profile scaled",
        ),
        ({"uid": 0}, "uid: 0 is not allowed; Pod Security restricted admits no root; the default is 1001"),
        ({"gid": 0}, "gid: 0 is not allowed; Pod Security restricted admits no root; the default is 1001"),
        (
            {"image": "ghcr.io/cinnamon/kotaemon:0.11.1-lite"},
            "image: version 0.11.1 has no /app/.venv; the oldest that this starts is 0.11.2",
        ),
        (
            {"autoscaler": {"min_replicas": 1, "max_replicas": 2}},
            "autoscaler: is not allowed in the profile single-writer: it would start a second writer",
        ),
        (
            {"stores": stores()},
            "stores: not allowed in the profile single-writer, whose stores are files; use the profile scaled",
        ),
        ({"env": {"KS_PROFILE": "x"}}, "env: KS_PROFILE is set by this component, or must not be set; leave it out"),
        ({"env": {"HF_HOME": "/x"}}, "env: HF_HOME is set by this component, or must not be set; leave it out"),
        (
            {"env": {"KH_DEMO_MODE": "true"}},
            "env: KH_DEMO_MODE is set by this component, or must not be set; leave it out",
        ),
        (
            {"api_keys": {"QDRANT_API_KEY": "x"}},
            "api_keys: QDRANT_API_KEY is set by this component, or must not be set; leave it out",
        ),
        ({"env": {"MY-KEY": "x"}}, "env: 'MY-KEY' is no name of an environment variable"),
        (
            {"env": {"OPENAI_API_KEY": "sk-1"}},
            "env: OPENAI_API_KEY looks like a secret; give it in api_keys, where it stays one",
        ),
        (
            {"env": {"USE_LIGHTRAG": "enabled"}},
            "env: USE_LIGHTRAG: 'enabled' is no flag, and the application would not start; allowed: 1, on, t, true, y, "
            "yes, or 0, f, false, n, no, off",
        ),
        ({"env": {"HF_TOKEN": "hf"}}, "env: HF_TOKEN looks like a secret; give it in api_keys, where it stays one"),
        (
            {"env": {"GOOGLE_API_KEY": ""}, "api_keys": {"GOOGLE_API_KEY": "g"}},
            "env: GOOGLE_API_KEY is in api_keys as well; leave it in one of them",
        ),
        (
            {
                "exposure": {
                    "kind": "httproute",
                    "hostname": "k.example.com",
                    "controller_namespace": "gw",
                    "gateway_name": "g",
                }
            },
            "exposure.gateway_namespace: missing; an HTTPRoute belongs to a Gateway",
        ),
        (
            {"auth_proxy": PROXY},
            "auth_proxy: needs an exposure: the issuer sends people back to its hostname",
        ),
        (
            {"auth_proxy": {**PROXY, "email_domains": []}, "exposure": EXPOSURE},
            "auth_proxy.email_domains: empty; name the domains whose people may enter, or '*' for everybody",
        ),
        ({"model_endpoints": [{"port": 443}]}, "model_endpoints[0]: give either cidr, or namespace and pod_labels"),
    ],
)
def test_single_writer(changes: dict[str, Any], message: str) -> None:
    assert mistakes(single_args(**changes)) == [message]


def without(**removed: Any) -> Any:
    made: Any = stores()
    for path, key in removed.items():
        del (made if path == "top" else made[path])[key]
    return made


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stores": None}, "stores: missing; the profile scaled needs a database and a vector_store"),
        ({"stores": without(top="database")}, "stores.database: missing; the profile scaled needs it"),
        (
            {"stores": without(vector_store="api_key")},
            "stores.vector_store.api_key: missing; without it everybody who reaches qdrant reads every document",
        ),
        (
            {"env": {"USE_LIGHTRAG": "true"}},
            "env: USE_LIGHTRAG is not allowed in the profile scaled: graph indexes are local files of one writer",
        ),
        (
            {"autoscaler": {"min_replicas": 3, "max_replicas": 2}},
            "autoscaler: min_replicas 3 and max_replicas 2 are not allowed; it must be 1 <= min <= max",
        ),
        (
            {"storage": scaled_args()["storage"] | {"uploads": on(DISK, Role.UPLOADS)}},
            "storage.uploads: the claim disk is ReadWriteOncePod; pods on many nodes share it in the profile scaled, so it "
            "must be ReadWriteMany",
        ),
    ],
)
def test_scaled(changes: dict[str, Any], message: str) -> None:
    assert mistakes(scaled_args(**changes)) == [message]


def test_elasticsearch_needs_its_address_and_password() -> None:
    made = stores() | {"document_store": {"kind": "elasticsearch"}}
    assert mistakes(scaled_args(stores=made)) == [
        f"stores.document_store.{key}: missing; elasticsearch needs it" for key in ("url", "endpoint", "password")
    ]


@pytest.mark.parametrize(
    ("role", "sub_path", "message"),
    [
        ("models", "../models", "storage.models: sub_path '../models' is not a folder inside the claim"),
        ("models", "/models", "storage.models: sub_path '/models' is not a folder inside the claim"),
        ("models", "", "storage.models: sub_path '' is not a folder inside the claim"),
        ("logs", "models", "storage.logs: its folder models is not apart from models of models on files"),
        ("eval", "logs/eval", "storage.eval: its folder logs/eval is not apart from logs of logs on files"),
    ],
)
def test_folders(role: str, sub_path: str, message: str) -> None:
    roles = storage()
    roles[role] = {**roles[role], "sub_path": sub_path}
    assert mistakes(single_args(storage=roles)) == [message]


def test_roles() -> None:
    roles = storage() | {"session": on(DISK, Role.SESSIONS)}
    del roles["sessions"]
    assert mistakes(single_args(storage=roles)) == [
        "storage: 'session' is no role; the roles are models, indexes, sessions, uploads, logs, eval",
        "storage: the role sessions is missing",
    ]


@pytest.mark.parametrize("role", [Role.INDEXES, Role.SESSIONS, Role.UPLOADS])
def test_what_the_application_writes_is_not_read_only(role: Role) -> None:
    roles = storage()
    roles[role.value] = {**roles[role.value], "read_only": True}
    assert mistakes(single_args(storage=roles)) == [
        f"storage.{role.value}: read_only is not allowed: the application writes there"
    ]


def test_all_at_once() -> None:
    found = mistakes(single_args(replicas=5, uid=0, env={"PYTHONPATH": "/x"}))
    assert [message.partition(":")[0] for message in found] == ["replicas", "uid", "env"]


MODES = st.sampled_from(list(AccessMode))


@given(st.sampled_from(list(Profile)), st.integers(1, 5), st.lists(MODES, min_size=5, max_size=5))
def test_no_second_pod_where_one_writer_is_allowed(profile: Profile, replicas: int, modes: list[AccessMode]) -> None:
    """What passes has one pod, or shares nothing but claims that are shared."""
    base = scaled_args() if profile == Profile.SCALED else single_args()
    roles = {
        role.value: on({**FILES, "access_mode": mode}, role)
        for role, mode in zip(Role, [*modes, modes[0]], strict=True)
    }
    args = KotaemonArgs(**{**base, "replicas": replicas, "storage": roles})
    if check("kotaemon", args):
        return
    app = application("kotaemon", args)
    shared = all(mount["claim"]["access_mode"] in (AccessMode.RWX, AccessMode.ROX) for mount in app.mounts.values())
    assert replicas == 1 or (profile == Profile.SCALED and shared)
