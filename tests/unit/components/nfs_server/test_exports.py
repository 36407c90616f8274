"""What may be exported to whom, and the lines of exports(5)."""

from typing import Any

import pytest

from components.nfs_server.exports import (
    NfsExport,
    NfsSecurity,
    NfsSquash,
    NfsTransport,
    export_mistakes,
    exports_file,
    fsid,
    refused_client,
    refused_path,
    together_mistakes,
)

EXPORT = NfsExport(path="/srv/nfs/kotaemon", clients=["10.0.0.0/16"])


def changed(**changes: Any) -> NfsExport:
    return NfsExport(**{**EXPORT, **changes})


def lines(*exports: NfsExport, mounts: tuple[str, ...] = ()) -> list[str]:
    return exports_file(exports, mounts).splitlines()[1:]


def test_by_default_every_writer_is_the_application_and_an_answered_write_is_on_the_disk() -> None:
    number = fsid(EXPORT)
    assert lines(EXPORT) == [
        "/srv/nfs/kotaemon 10.0.0.0/16(rw,sync,no_subtree_check,all_squash,anonuid=1001,anongid=1001,"
        f"fsid={number},sec=sys)"
    ]


def test_a_disk_is_exported_only_while_it_is_mounted() -> None:
    (line,) = lines(EXPORT, mounts=("/srv/nfs/kotaemon",))
    assert line.endswith(",mp)")


def test_each_network_has_the_options() -> None:
    (line,) = lines(changed(clients=["10.0.0.0/24", "fd00:1::/64"], squash=NfsSquash.ROOT))
    first, second = line.split()[1:]
    assert first.replace("10.0.0.0/24", "") == second.replace("fd00:1::/64", "")
    assert "root_squash" in first
    assert "all_squash" not in first


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"security": NfsSecurity.KRB5P}, "sec=krb5p"),
        ({"transport": NfsTransport.MTLS}, "xprtsec=mtls"),
        ({"fsid": 7}, "fsid=7"),
        ({"uid": 2000, "gid": 3000}, "anonuid=2000,anongid=3000"),
        ({"squash": NfsSquash.NONE, "accept_no_root_squash": True}, "no_root_squash"),
    ],
)
def test_what_is_chosen_is_in_the_line(change: dict[str, Any], option: str) -> None:
    assert not list(export_mistakes(changed(**change)))
    assert option in lines(changed(**change))[0]


def test_the_number_of_an_export_does_not_change_between_runs_and_hosts() -> None:
    # a fixed value: another one would make every mounted handle stale
    assert fsid(EXPORT) == 103522125


@pytest.mark.parametrize(
    ("cidr", "said"),
    [
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("10.0.0.0/7", "too wide"),
        ("10.0.0.1/16", "CIDR"),
        ("nodes", "CIDR"),
        ("8.8.8.0/24", "public"),
    ],
)
def test_networks_that_are_no_network_of_nodes(cidr: str, said: str) -> None:
    assert said in refused_client(cidr)
    assert cidr in refused_client(cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.1.2.3/32", "192.168.0.0/16", "fd00::/32"])
def test_networks_of_nodes(cidr: str) -> None:
    assert refused_client(cidr) == ""


@pytest.mark.parametrize("path", ["/etc", "/etc/kubernetes", "/srv", "/var/lib", "/var/lib/nfs", "/usr/share"])
def test_what_belongs_to_the_system_is_not_exported(path: str) -> None:
    assert "belongs to the system" in refused_path(path)


@pytest.mark.parametrize("path", ["/", "srv/nfs", "/srv/nfs/", "/srv/../etc", "/srv/n fs", "/srv/$(id)", "/srv/a\n/b"])
def test_paths_that_are_none(path: str) -> None:
    assert "absolute path" in refused_path(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clients": []}, "clients: must have"),
        ({"clients": ["10.0.0.0/16", "10.0.4.0/24"]}, "overlap"),
        ({"squash": NfsSquash.NONE}, "no_root_squash"),
        ({"accept_no_root_squash": True}, "accept_no_root_squash"),
        ({"uid": 0}, "uid: 0 is not allowed"),
        ({"gid": 0}, "gid: 0 is not allowed"),
        ({"fsid": 0}, "fsid: 0 is not allowed"),
        ({"folders": ["../x"]}, "folders: '../x'"),
        ({"folders": ["a b"]}, "folders: 'a b'"),
    ],
)
def test_mistakes_name_the_key_and_the_value(change: dict[str, Any], said: str) -> None:
    (mistake,) = export_mistakes(changed(**change))
    assert said in mistake


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (EXPORT, "twice"),
        (changed(path="/srv/nfs/kotaemon/inner"), "inside of"),
        (changed(path="/srv/nfs/other", fsid=103522125), "same fsid"),
    ],
)
def test_exports_that_do_not_go_together(other: NfsExport, said: str) -> None:
    for pair in ([EXPORT, other], [other, EXPORT]):
        (mistake,) = together_mistakes(pair)
        assert said in mistake


def test_exports_side_by_side_go_together() -> None:
    assert not list(together_mistakes([EXPORT, changed(path="/srv/nfs/kotaemon2")]))
