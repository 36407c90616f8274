"""The component of a pair: three commands in an order that a pair needs, its secret stays one, mistakes before."""

import base64
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from components.nfs_server.ha import NfsPair, NfsPairArgs, check
from tests.unit.components.nfs_server.values import PAIR, SECRET, SSH

COMMAND = "command:remote:Command"


def args(**changes: Any) -> NfsPairArgs:
    made = {"pair": PAIR, "nodes": [{**SSH, "host": "a"}, {**SSH, "host": "b"}], "witness": {**SSH, "host": "q"}}
    return NfsPairArgs(**{**made, "secret": SECRET, **changes})


def test_the_witness_first_and_the_node_that_makes_the_file_systems_last(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"address": NfsPair("nfs", args()).address})
    commands = [one for one in run.registrations if one.type == COMMAND]
    assert [one.inputs["connection"]["host"] for one in commands] == ["q", "b", "a"]
    assert run.outputs["address"].value == "10.0.0.10"
    held: list[list[str]] = []
    for command in commands:
        assert {"stdin", "connection"} <= set(command.secret_keys)
        assert command.inputs.get("delete") is None
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(command.inputs["stdin"]))) as tar:
            held.append([name.removeprefix("etc/kotaemon-nfs/") for name in tar.getnames()])
    assert ["witness" in names for names in held] == [True, False, False]
    assert ["pair-first" in names for names in held] == [False, False, True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": [SSH]}, "nodes: must be two connections"),
        ({"nodes": [SSH, {**SSH, "host_key": ""}]}, "nodes[1].host_key: must be the public key"),
        ({"witness": {**SSH, "user": "a b"}}, "witness.user: 'a b'"),
        ({"secret": "short"}, "secret: must be 8 to 64"),
        ({"pair": {**PAIR, "virtual_address": "10.9.0.10/24"}}, "pair.virtual_address: 10.9.0.10/24 is outside"),
    ],
)
def test_mistakes(change: dict[str, Any], said: str) -> None:
    assert any(said in mistake for mistake in check("nfs", args(**change)))
