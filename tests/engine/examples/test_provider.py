"""The stand-in remembers what it was asked for; what the engine believes is nothing to it."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2

from tests.engine.examples.provider import Provider, new_id, struct

TYPE, NAME = "aws:ebs/volume:Volume", "disk"
WHICH: dict[str, Any] = {"type": TYPE, "name": NAME, "id": new_id(TYPE, NAME)}


class Refused(Exception):
    """The call was aborted."""


class Context:
    """As much of gRPC as a refusal needs."""

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        raise Refused(message)


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    made = Provider(tmp_path / "calls.jsonl", tmp_path / "kubeconfig", "1.0.0")
    made.Create(provider_pb2.CreateRequest(type=TYPE, name=NAME, properties=struct({"size": 10})), Context())
    return made


def read(provider: Provider) -> dict[str, Any]:
    believed = struct({"size": 99, "tags": {"only": "in the engine's state"}})
    return MessageToDict(provider.Read(provider_pb2.ReadRequest(**WHICH, properties=believed, inputs=believed), None))


def test_a_preview_is_not_remembered(provider: Provider) -> None:
    news = struct({"size": 20})
    provider.Update(provider_pb2.UpdateRequest(**WHICH, news=news, preview=True), Context())
    assert read(provider)["inputs"] == {"size": 10}


def test_what_was_updated_is_read(provider: Provider) -> None:
    provider.Update(provider_pb2.UpdateRequest(**WHICH, news=struct({"size": 20})), Context())
    found = read(provider)
    assert found["id"] == WHICH["id"]
    assert found["inputs"] == {"size": 20}
    assert found["properties"] == {
        "name": NAME,
        "size": 20,
        "arn": f"arn:aws:any:eu-central-1:111122223333:{WHICH['id']}",
    }


def test_what_was_deleted_is_gone(provider: Provider) -> None:
    provider.Delete(provider_pb2.DeleteRequest(**WHICH), Context())
    assert read(provider) == {}


def test_what_is_used_is_not_deleted(provider: Provider) -> None:
    user = provider_pb2.CreateRequest(type=TYPE, name="user", properties=struct({"volumeId": WHICH["id"]}))
    provider.Create(user, Context())
    with pytest.raises(Refused, match="disk is used by user"):
        provider.Delete(provider_pb2.DeleteRequest(**WHICH), Context())
