"""The stand-in remembers what it was asked for; what the engine believes is nothing to it."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2

from tests.engine.examples.provider import Provider, struct

TYPE, NAME = "aws:ebs/volume:Volume", "disk"


class Refused(Exception):
    """The call was aborted."""


class Context:
    """As much of gRPC as a refusal needs."""

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        raise Refused(message)


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    return Provider(tmp_path / "calls.jsonl", tmp_path / "kubeconfig", "1.0.0")


def create(provider: Provider, type_: str, name: str, **inputs: Any) -> dict[str, Any]:
    """What the engine says to find it again."""
    made = provider.Create(provider_pb2.CreateRequest(type=type_, name=name, properties=struct(inputs)), Context())
    return {"type": type_, "name": name, "id": made.id}


@pytest.fixture
def disk(provider: Provider) -> dict[str, Any]:
    return create(provider, TYPE, NAME, size=10)


def read(provider: Provider, which: dict[str, Any]) -> dict[str, Any]:
    believed = struct({"size": 99, "tags": {"only": "in the engine's state"}})
    return MessageToDict(provider.Read(provider_pb2.ReadRequest(**which, properties=believed, inputs=believed), None))


def test_a_preview_is_not_remembered(provider: Provider, disk: dict[str, Any]) -> None:
    news = struct({"size": 20})
    provider.Update(provider_pb2.UpdateRequest(**disk, news=news, preview=True), Context())
    assert read(provider, disk)["inputs"] == {"size": 10}


def test_what_was_updated_is_read(provider: Provider, disk: dict[str, Any]) -> None:
    provider.Update(provider_pb2.UpdateRequest(**disk, news=struct({"size": 20})), Context())
    found = read(provider, disk)
    assert found["id"] == disk["id"]
    assert found["inputs"] == {"size": 20}
    arn = f"arn:aws:any:eu-central-1:111122223333:{disk['id']}"
    assert found["properties"] == {"name": NAME, "size": 20, "arn": arn}


def test_it_is_found_by_its_id_whatever_the_engine_calls_it(provider: Provider, disk: dict[str, Any]) -> None:
    assert read(provider, {**disk, "name": "renamed"})["inputs"] == {"size": 10}
    assert read(provider, {**disk, "id": "vol-another"}) == {}


def test_two_of_a_name_are_two(provider: Provider, disk: dict[str, Any]) -> None:
    assert create(provider, TYPE, NAME, size=10)["id"] != disk["id"]


def test_what_exists_once_is_not_made_twice(provider: Provider) -> None:
    create(provider, "aws:rds/instance:Instance", "database", identifier="kotaemon")
    with pytest.raises(Refused, match="AlreadyExists"):
        create(provider, "aws:rds/instance:Instance", "other", identifier="kotaemon")
    create(provider, "aws:rds/instance:Instance", "other", identifier="another")


def test_a_password_is_told_to_nobody_who_does_not_know_it(provider: Provider) -> None:
    made = create(provider, "aws:rds/instance:Instance", "database", identifier="kotaemon", password="first-password")
    imported = MessageToDict(provider.Read(provider_pb2.ReadRequest(**made), None))
    assert "password" not in imported["inputs"]
    assert "password" not in imported["properties"]
    known = struct({"password": "first-password"})
    refreshed = MessageToDict(provider.Read(provider_pb2.ReadRequest(**made, inputs=known, properties=known), None))
    assert refreshed["inputs"]["password"] == "first-password"


def test_what_was_deleted_is_gone(provider: Provider, disk: dict[str, Any]) -> None:
    provider.Delete(provider_pb2.DeleteRequest(**disk), Context())
    assert read(provider, disk) == {}


def test_what_is_used_is_not_deleted(provider: Provider, disk: dict[str, Any]) -> None:
    create(provider, TYPE, "user", volumeId=disk["id"], size=10)
    with pytest.raises(Refused, match="disk is used by user"):
        provider.Delete(provider_pb2.DeleteRequest(**disk), Context())
