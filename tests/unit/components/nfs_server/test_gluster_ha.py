"""The component of a pair on GlusterFS: its commands in an order that it needs, its warning, mistakes before."""

import base64
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.nfs_server.gluster_ha import NfsGlusterPair, NfsGlusterPairArgs, check
from tests.unit.components.nfs_server.values import GLUSTER, SSH

COMMAND = "command:remote:Command"
EXISTING = {key: value for key, value in GLUSTER.items() if key not in ("brick", "witness")}


def args(**changes: Any) -> NfsGlusterPairArgs:
    made = {"pair": GLUSTER, "nodes": [{**SSH, "host": "a"}, {**SSH, "host": "b"}], "witness": {**SSH, "host": "q"}}
    return NfsGlusterPairArgs(**{key: value for key, value in {**made, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "hosts"), [({}, ["q", "b", "a"]), ({"pair": EXISTING, "witness": None}, ["b", "a"])]
)
def test_the_node_that_makes_the_volume_is_last(
    pulumi_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], hosts: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, _resource: said.append(text))
    run = pulumi_run(lambda: {"address": NfsGlusterPair("nfs", args(**changes)).address})
    commands = [one for one in run.registrations if one.type == COMMAND]
    assert [one.inputs["connection"]["host"] for one in commands] == hosts
    assert run.outputs["address"].value == "10.0.0.10"
    assert "Do not start with it" in said[0]
    firsts: list[bool] = []
    for command in commands:
        assert "connection" in command.secret_keys
        assert command.inputs.get("delete") is None
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(command.inputs["stdin"]))) as tar:
            firsts.append("etc/kotaemon-nfs/pair-first" in tar.getnames())
    assert firsts == [host == "a" for host in hosts]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": [SSH]}, "nodes: must be two connections"),
        ({"nodes": [SSH, {**SSH, "host_key": ""}]}, "nodes[1].host_key: must be the public key"),
        ({"witness": {**SSH, "user": "a b"}}, "witness.user: 'a b'"),
        ({"witness": None}, "witness: must be given both here and in pair"),
        ({"pair": {**GLUSTER, "brick": "brick"}}, "pair.brick: 'brick' must be an absolute path"),
    ],
)
def test_mistakes(change: dict[str, Any], said: str) -> None:
    assert any(said in mistake for mistake in check("nfs", args(**change)))
