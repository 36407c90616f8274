"""NFS where people are: managed services by the names of their servers, names of the cluster, options left out."""

from typing import Any

import pytest

from components.contract import Locks
from components.file.nfs import NfsDriver, NfsStorageArgs, check, mount_options, nfs_claim
from components.file.nfs_services import service_of, short


def args(server: str, **changes: Any) -> NfsStorageArgs:
    return NfsStorageArgs(namespace="kotaemon", server=server, path="/x", **changes)


EFS = "fs-0fedcba9876543210.efs.ap-southeast-2.amazonaws.com"
SERVICES = [
    (EFS, "efs", Locks.SHARED, {"vers=4.1", "noresvport"}, "nconnect"),
    (f"us-east-1b.{EFS}", "efs", Locks.SHARED, {"vers=4.1"}, "nconnect"),
    ("fs-0a1b2c.efs.cn-north-1.amazonaws.com.cn", "efs", Locks.SHARED, {"vers=4.1"}, "nconnect"),
    ("fs-0a1b2c.fsx.eu-west-1.amazonaws.com", "openzfs", Locks.SHARED, {"vers=4", "nconnect=8"}, "noresvport"),
    ("svm-0a1.fs-0b2.fsx.eu-west-1.amazonaws.com", "nfs4", Locks.SHARED, {"vers=4"}, "noresvport"),
    ("0abc123-xyz9.cn-beijing.nas.aliyuncs.com", "nas4", Locks.SHARED, {"vers=4.0", "noresvport"}, "nconnect"),
    ("0abc-x.cn-beijing.extreme.nas.aliyuncs.com", "nas3", Locks.NODE_LOCAL, {"vers=3", "nolock"}, "nconnect"),
    ("nas.example.com", "nfs4", Locks.SHARED, {"vers=4", "nconnect=8"}, "noresvport"),
]


@pytest.mark.parametrize(("server", "backend", "locks", "options", "absent"), SERVICES)
def test_a_server_of_a_service_gets_what_the_service_takes(
    server: str, backend: str, locks: Locks, options: set[str], absent: str
) -> None:
    claim = nfs_claim("files", args(server))
    assert (claim["backend"], claim["locks"]) == (backend, locks)
    found = mount_options([], server=server)
    assert options <= set(found)
    assert absent not in {option.partition("=")[0] for option in found}


def test_the_default_steps_down_from_42() -> None:
    """`vers=4` is tried as 4.2, 4.1 and 4.0 by mount.nfs; a minor version is asked for once and never again."""
    assert [option for option in mount_options([]) if option.startswith("vers")] == ["vers=4"]


@pytest.mark.parametrize(
    ("server", "option", "part"),
    [
        (EFS, "vers=4.2", "EFS speaks 4.1, 4.0"),
        (EFS, "nfsvers=3", "EFS speaks 4.1, 4.0"),
        ("a-b.cn-shanghai.nas.aliyuncs.com", "vers=4.1", "NAS of Alibaba Cloud speaks 4.0, 3"),
        ("a-b.cn-shanghai.nas.aliyuncs.com", "vers=3", "needs nolock (and allowNolock: true)"),
    ],
)
def test_a_version_that_the_service_does_not_speak(server: str, option: str, part: str) -> None:
    (mistake,) = check("files", args(server, mount_options=[option]))
    assert part in mistake


def test_the_oldest_of_nas_without_locks() -> None:
    given = args("a-b.cn-shanghai.nas.aliyuncs.com", mount_options=["vers=3", "nolock"], allow_nolock=True)
    claim = nfs_claim("files", given)
    assert (claim["backend"], claim["locks"]) == ("nas3", Locks.NODE_LOCAL)


@pytest.mark.parametrize("server", ["ganesha.files.svc", "ganesha.files.svc.corp.example", "GANESHA.files.SVC"])
def test_a_name_that_only_pods_resolve(server: str) -> None:
    (mistake,) = check("files", args(server))
    assert mistake.startswith(f"server: {server!r} is a name that only pods can resolve")
    assert check("files", args(server, driver=NfsDriver.CSI)) == []


@pytest.mark.parametrize("server", ["10.3.4.5", "svc.example.com", "svcnas.example.com", "fd00::7", "nas"])
def test_names_and_addresses_that_nodes_may_know(server: str) -> None:
    assert check("files", args(server)) == []
    assert short(server) == (server == "nas")


def test_options_are_left_out() -> None:
    assert mount_options([], without=["nconnect", "actimeo"]) == [
        option for option in mount_options([]) if option.partition("=")[0] not in ("nconnect", "actimeo")
    ]
    assert "nconnect=4" in mount_options(["nconnect=4"], without=["nconnect"]), "what is given is not left out"
    assert check("files", args("nas.example.com", without_options=["hard"])) == []


@pytest.mark.parametrize("name", ["vers", "noresvport", "nconnect=8"])
def test_what_cannot_be_left_out(name: str) -> None:
    (mistake,) = check("files", args("nas.example.com", without_options=[name]))
    assert mistake.startswith(
        f"without_options: {name!r} is not allowed; the default options that can be left out: hard,"
    )


def test_a_server_that_is_not_known_yet_is_any_server() -> None:
    assert service_of(object()) is None, "an Output of another program"
