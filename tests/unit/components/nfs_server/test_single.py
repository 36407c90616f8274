"""The component over SSH: what it registers, what stays secret, what it refuses before."""

import base64
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.nfs_server.single import NfsServer, NfsServerArgs, check, nfs_user_data
from tests.unit.components.nfs_server.values import DISK, EXPORT, FILES, SSH

ENCRYPTED: Any = {**FILES, "disk": {**DISK, "encrypt": True}}
COMMAND = "command:remote:Command"


def args(**changes: Any) -> NfsServerArgs:
    return NfsServerArgs(**{"connection": SSH, "server": FILES, **changes})


def test_one_command_with_the_files_on_standard_input(pulumi_run: Callable[..., Any]) -> None:
    command = pulumi_run(lambda: NfsServer("nfs", args()) and None).one(COMMAND)
    connection = command.inputs["connection"]
    assert connection["hostKey"] == SSH["host_key"]
    assert command.inputs["create"].endswith("exec /etc/kotaemon-nfs/install.sh")
    assert command.inputs.get("delete") is None
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(command.inputs["stdin"]))) as tar:
        assert "etc/kotaemon-nfs/exports" in tar.getnames()


def test_another_user_uses_sudo(pulumi_run: Callable[..., Any]) -> None:
    chosen = args(connection={**SSH, "user": "admin"})
    command = pulumi_run(lambda: NfsServer("nfs", chosen) and None).one(COMMAND)
    assert "exec sudo -n /etc/kotaemon-nfs/install.sh" in command.inputs["create"]


def test_the_key_and_the_passphrase_are_secrets(pulumi_run: Callable[..., Any]) -> None:
    chosen = args(server=ENCRYPTED, luks_passphrase="correct horse")
    run = pulumi_run(
        lambda: {"data": nfs_user_data(ENCRYPTED, "correct horse"), "server": NfsServer("nfs", chosen).paths}
    )
    command = run.one(COMMAND)
    assert {"stdin", "connection"} <= set(command.secret_keys)
    assert run.outputs["data"].secret
    assert not run.outputs["server"].secret


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"connection": {**SSH, "host_key": ""}}, "connection.host_key: must be the public key of the host"),
        ({"connection": {**SSH, "user": "a b"}}, "connection.user: 'a b'"),
        ({"server": ENCRYPTED}, "luks_passphrase: missing"),
        ({"luks_passphrase": "x"}, "luks_passphrase: only means something"),
        ({"server": {"exports": [{**EXPORT, "path": "/etc"}]}}, "server.exports[/etc].path"),
    ],
)
def test_mistakes(change: dict[str, Any], said: str) -> None:
    (mistake,) = check("nfs", args(**change))
    assert said in mistake


def test_user_data_of_a_server_with_mistakes_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="exports: must have at least one"):
        nfs_user_data({"exports": []})
