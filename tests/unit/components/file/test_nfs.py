"""The NFS claim: mount options, the plain claim, and the objects."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contract import AccessMode, Locks, Medium
from components.file.nfs import (
    DEFAULT_OPTIONS,
    NfsDriver,
    NfsStorage,
    NfsStorageArgs,
    address_mistakes,
    mount_options,
    nfs_claim,
    refused_option,
    server_mistakes,
)
from components.file.nfs import check as check_args
from plan.plain import UNKNOWN_TEXT
from policy.check import check as policy_check
from policy.resource import Given

ARGS = NfsStorageArgs(namespace="kotaemon", server="nfs.example.com", path="/srv/nfs/kotaemon")
PV = "kubernetes:core/v1:PersistentVolume"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"


def with_args(**changes: Any) -> NfsStorageArgs:
    return NfsStorageArgs(**{**ARGS, **changes})


def test_default_options() -> None:
    assert ",".join(mount_options([])) == (
        "vers=4,hard,proto=tcp,timeo=600,retrans=2,rsize=1048576,wsize=1048576,nconnect=8,noatime,actimeo=30"
    )


def test_a_server_by_its_ipv6_address_has_a_transport_that_reaches_it() -> None:
    assert "proto=tcp6" in mount_options([], server="fd00:10::5")
    assert "proto=tcp" not in mount_options([], server="fd00:10::5")
    assert "proto=rdma6" in mount_options(["proto=rdma6"], server="fd00:10::5")
    assert "proto=tcp" in mount_options([], server="10.0.0.5")
    for option in ("proto=tcp", "tcp", "udp"):
        (reason,) = address_mistakes("fd00:10::5", [option])
        assert "needs proto=tcp6" in reason
        assert address_mistakes("10.0.0.5", [option]) == []
        assert check_args("one", with_args(server="fd00:10::5", mount_options=[option])) == [f"mount_options: {reason}"]


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_a_server_that_is_each_node_itself(server: str) -> None:
    for in_tree in (True, False):
        (reason,) = server_mistakes(server, in_tree=in_tree)
        assert "each node itself" in reason


@pytest.mark.parametrize(
    ("option", "replaced"),
    [
        ("vers=3", "vers=4"),
        ("nfsvers=4.1", "vers=4"),
        ("tcp", "proto=tcp"),
        ("relatime", "noatime"),
        ("nconnect=16", "nconnect=8"),
        ("actimeo=3", "actimeo=30"),
    ],
)
def test_an_option_of_the_same_name_replaces_in_place(option: str, replaced: str) -> None:
    expected = [option if default == replaced else default for default in DEFAULT_OPTIONS]
    assert mount_options([option]) == expected


def test_other_options_are_added() -> None:
    assert mount_options(["noresvport", "sec=krb5p"]) == [*DEFAULT_OPTIONS, "noresvport", "sec=krb5p"]


@given(st.lists(st.sampled_from(["vers=4.1", "hard", "rsize=65536", "noresvport", "lookupcache=positive", "fsc"])))
def test_options_name_each_thing_once(extra: list[str]) -> None:
    options = mount_options(extra)
    names = [option.partition("=")[0] for option in options]
    assert len(names) == len(set(names))
    assert set(extra) <= set(options)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("soft", "a soft mount reports success for writes that it has lost (nfs(5)); use hard"),
        ("softerr", "a softerr mount reports errors for writes that it has lost (nfs(5)); use hard"),
        ("softreval", "it serves stale names and attributes while the server is away (nfs(5)); leave it out"),
        ("nocto", "without close-to-open consistency other pods read stale data (nfs(5)); leave it out"),
        ("ro", "roles that are written share this claim; mark single roles read-only instead"),
        (
            "bg",
            "the mount would succeed before the server answers, and the pod would write to the node's disk; leave it out",
        ),
        (
            "nolock",
            "locks would be local to each node, and two pods would corrupt one file without an error; "
            "allowNolock: true accepts that",
        ),
        (
            "local_lock=flock",
            "locks would be local to each node, and two pods would corrupt one file without an error; "
            "allowNolock: true accepts that",
        ),
        ("vers=2", "the versions are 3, 4, 4.0, 4.1, 4.2"),
        ("hard,soft", "one option an entry, without commas or spaces"),
        ("", "one option an entry, without commas or spaces"),
    ],
)
def test_refused_options(option: str, reason: str) -> None:
    assert refused_option(option) == reason
    with pytest.raises(pulumi.RunError) as refused:
        mount_options(["timeo=300", option])
    assert str(refused.value) == f"mount option {option!r} is not allowed: {reason}"


@pytest.mark.parametrize("option", ["hard", "local_lock=none", "vers=4", "noresvport", *DEFAULT_OPTIONS])
def test_allowed_options(option: str) -> None:
    assert refused_option(option) == ""


@pytest.mark.parametrize("option", ["nolock", "local_lock=all"])
def test_node_local_locks_by_name_only(option: str) -> None:
    assert refused_option(option, allow_nolock=True) == ""
    claim = nfs_claim("files", with_args(mount_options=["vers=3", option], allow_nolock=True))
    assert (claim["backend"], claim["locks"]) == ("nfs3", Locks.NODE_LOCAL)


def test_the_claim_is_known_before_anything_is_made() -> None:
    assert nfs_claim("files", with_args(size="2Ti", encrypted_by="LUKS on nfs.example.com")) == {
        "name": "files",
        "access_mode": AccessMode.RWX,
        "medium": Medium.FILE,
        "backend": "nfs4",
        "size_gib": 2048,
        "zones": [],
        "encrypted_by": "LUKS on nfs.example.com",
        "locks": Locks.SHARED,
        "fs_group": False,
    }


@pytest.mark.parametrize(
    ("options", "backend"), [([], "nfs4"), (["vers=4.1"], "nfs4"), (["vers=3"], "nfs3"), (["nfsvers=3"], "nfs3")]
)
def test_version_decides_the_backend(options: list[str], backend: str) -> None:
    claim = nfs_claim("files", with_args(mount_options=options))
    assert (claim["backend"], claim["locks"]) == (backend, Locks.SHARED)


def test_a_bad_size_names_the_component() -> None:
    with pytest.raises(pulumi.RunError, match=r"^NfsStorage 'files': size: '100GB' is not allowed; "):
        nfs_claim("files", with_args(size="100GB"))


def test_objects(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"claim": NfsStorage("files", ARGS).claim["name"]})
    volume, claim = run.one(PV), run.one(PVC)
    assert run.outputs["claim"].value == "files"
    assert volume.inputs["metadata"] == {"name": "kotaemon.files"}
    assert volume.inputs["spec"] == {
        "capacity": {"storage": "100Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "files"},
        "mountOptions": list(DEFAULT_OPTIONS),
        "nfs": {"server": "nfs.example.com", "path": "/srv/nfs/kotaemon"},
    }
    assert claim.inputs["metadata"] == {"name": "files", "namespace": "kotaemon"}
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "volumeName": "kotaemon.files",
    }


def test_csi_driver(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: NfsStorage("files", with_args(driver=NfsDriver.CSI)) and None)
    spec = run.one(PV).inputs["spec"]
    assert "nfs" not in spec
    assert spec["csi"] == {
        "driver": "nfs.csi.k8s.io",
        "volumeHandle": "kotaemon.files",
        "volumeAttributes": {"server": "nfs.example.com", "share": "/srv/nfs/kotaemon"},
    }


@pytest.mark.parametrize("protect", [True, False])
def test_data_holders_are_kept_and_children_have_the_parent(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = pulumi_run(lambda: NfsStorage("files", with_args(protect=protect, claim_name="shared")) and None)
    for made in (run.one(PV, "files-volume"), run.one(PVC, "files-claim")):
        assert (made.protect, made.retain_on_delete) == (protect, True)
        assert [parent.type for parent in run.parents(made)] == ["kotaemon:index:NfsStorage"]
    assert run.component_outputs[run.one("kotaemon:index:NfsStorage").urn]["claim"]["name"] == "shared"


def test_server_and_namespace_may_be_known_only_later(pulumi_run: Callable[..., Any]) -> None:
    def program() -> None:
        later = pulumi.Output.from_input(pulumi.UNKNOWN)
        NfsStorage("files", with_args(server=later, namespace=later))

    run = pulumi_run(program, preview=True)
    assert run.one(PV).inputs["spec"]["nfs"] == {"server": UNKNOWN_TEXT, "path": "/srv/nfs/kotaemon"}
    assert run.one(PVC).inputs["spec"]["volumeName"] == UNKNOWN_TEXT


@pytest.mark.parametrize(
    ("more", "excepted"),
    [
        ({}, False),
        ({"mount_options": ["vers=3", "nolock"], "allow_nolock": True}, True),
        ({"server": "0123abcd-x1.cn-hangzhou.extreme.nas.aliyuncs.com"}, True),
    ],
)
def test_locks_that_stay_on_the_node_are_no_surprise_to_our_own_policy(
    more: dict[str, Any], excepted: bool, pulumi_run: Callable[..., Any]
) -> None:
    """The program would refuse by its policy `mount-options` what it mounts itself, or was told to mount."""
    args: Any = {"namespace": "k", "server": "10.0.0.9", "path": "/srv", **more}
    run = pulumi_run(lambda: NfsStorage("files", args))
    volume = run.one("kubernetes:core/v1:PersistentVolume").inputs
    notes = volume["metadata"].get("annotations") or {}
    assert ("policy.kotaemon.dev/mount-options" in notes) is excepted
    found = policy_check([Given("kubernetes:core/v1:PersistentVolume", "files", volume)])
    assert not [one for one in found if one.rule == "mount-options" and one.stops]
