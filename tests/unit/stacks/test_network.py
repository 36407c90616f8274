"""The rendered policies of every example and every kind of store let the stack's own traffic through."""

import json
from dataclasses import replace
from typing import Any

import pytest

from guard.reach import Peer, allows
from plan import collect, stack_file
from plan.recorder import Run
from tests.unit.plan.plans import STACKS, run

APP = Peer("kotaemon", {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": "kotaemon"})
STRANGER = Peer("default", {"app": "stranger"})
ON_CLASS = {"storageClass": "fast", "encryptedBy": "LUKS"}
KEY = {"secretName": "s", "secretKey": "k"}
STORES: dict[str, tuple[str, dict[str, Any], list[tuple[Peer, int]]]] = {
    "bundled": (
        "database",
        {"kind": "bundled", **ON_CLASS},
        [
            (
                Peer(
                    "kotaemon",
                    {"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "kotaemon-database"},
                ),
                5432,
            )
        ],
    ),
    "cloudnative-pg": (
        "database",
        {"kind": "cloudnative-pg", **ON_CLASS},
        [(Peer("kotaemon", {"cnpg.io/cluster": "kotaemon-database"}), 5432)],
    ),
    "external": (
        "database",
        {"kind": "external", **KEY, "endpoint": {"cidr": "10.7.0.0/24", "port": 5432}},
        [(Peer(ip="10.7.0.3"), 5432)],
    ),
    "qdrant-bundled": (
        "vectorStore",
        {"kind": "qdrant-bundled", **ON_CLASS},
        [
            (
                Peer(
                    "kotaemon", {"app.kubernetes.io/name": "qdrant", "app.kubernetes.io/instance": "kotaemon-vectors"}
                ),
                6333,
            )
        ],
    ),
    "qdrant": (
        "vectorStore",
        {"kind": "qdrant", **KEY, "url": "http://q.vec.svc:6333", "endpoint": {"namespace": "vec", "port": 6333}},
        [(Peer("vec", {"app": "qdrant"}), 6333)],
    ),
    "milvus": (
        "vectorStore",
        {"kind": "milvus", **KEY, "url": "http://10.8.0.9:19530", "endpoint": {"cidr": "10.8.0.9/32", "port": 19530}},
        [(Peer(ip="10.8.0.9"), 19530)],
    ),
    "elasticsearch": (
        "documentStore",
        {
            "kind": "elasticsearch",
            **KEY,
            "url": "http://es.logs.svc:9200",
            "endpoint": {"namespace": "logs", "port": 9200},
        },
        [(Peer("logs", {"app": "es"}), 9200)],
    ),
}


def policies(made: Run) -> list[dict[str, Any]]:
    return [r.inputs for r in made.registrations if r.is_object and r.inputs["kind"] == "NetworkPolicy"]


def changed(name: str, **keys: Any) -> Run:
    file = stack_file.read(name)
    own = {f"kotaemon:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    return collect.preview(replace(file, config={**file.config, **own}))


@pytest.mark.parametrize("name", STACKS)
def test_every_example_resolves_names_reaches_the_world_and_lets_no_stranger_in(name: str) -> None:
    made = policies(run(name))
    assert allows(made, APP, Peer(ip="172.20.0.10"), 53, "UDP")
    assert allows(made, APP, Peer(ip="203.0.113.9"), 443)
    assert not allows(made, APP, Peer(ip="169.254.169.254"), 80)
    assert not allows(made, STRANGER, APP, 7860)


@pytest.mark.parametrize("kind", list(STORES))
def test_the_application_reaches_every_kind_of_store(kind: str) -> None:
    place, chosen, targets = STORES[kind]
    stores = {**json.loads(stack_file.read("private-scaled").config["kotaemon:stores"]), place: chosen}
    made = changed("private-scaled", stores=stores)
    for target, port in targets:
        assert allows(policies(made), APP, target, port)
        assert target.namespace != "kotaemon" or not allows(policies(made), STRANGER, target, port)
    assert not [line for line in made.warnings if "cannot reach" in line]


def test_the_copy_of_a_bundled_store_reaches_it() -> None:
    made = policies(run("private-scaled"))
    for store, name, port in (("database", "postgresql", 5432), ("vectors", "qdrant", 6333)):
        labels = {"app.kubernetes.io/instance": f"kotaemon-{store}"}
        copy = Peer("kotaemon", {"app.kubernetes.io/name": f"{name}-backup", **labels})
        assert allows(made, copy, Peer("kotaemon", {"app.kubernetes.io/name": name, **labels}), port)
        assert not allows(made, copy, Peer(ip="203.0.113.9"), 443)


def test_models_by_namespace_and_labels() -> None:
    endpoints = [{"namespace": "llm", "podLabels": {"app": "tgi"}, "port": 3000}]
    made = policies(changed("dev", modelEndpoints=endpoints))
    assert allows(made, APP, Peer("llm", {"app": "tgi"}), 3000)
    assert not allows(made, APP, Peer("llm", {"app": "other"}), 3000)
    assert not allows(made, APP, Peer(ip="203.0.113.9"), 443)


def test_a_closed_address_is_told_with_the_key_that_opens_it() -> None:
    made = changed("dev", env={"OPENAI_API_BASE": "http://gpu.example.com:8000/v1"})
    (line,) = [line for line in made.warnings if "cannot reach" in line]
    assert line.startswith("kotaemon:env.OPENAI_API_BASE: ")
    assert "kotaemon:modelEndpoints: {cidr: <network of gpu.example.com>, port: 8000}" in line


def test_a_plan_says_who_may_talk_to_whom() -> None:
    file = stack_file.read("dev")
    found = [(talk.pods, talk.direction, talk.peer, talk.ports) for talk in collect.make(file).network]
    assert ("kotaemon/kotaemon", "in", "nobody", "") in found
    assert ("kotaemon/kotaemon", "out", "everybody", "UDP 53, TCP 53") in found
