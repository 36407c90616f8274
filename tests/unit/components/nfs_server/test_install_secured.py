"""What the script asks of the host before it changes anything, and what it wants to see when it is done."""

import os
import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("components/nfs_server/runtime/install.sh")
SYS = "/srv/nfs 10.0.0.0/16(rw,sync,sec=sys)\n"
KRB5P = "/srv/nfs 10.0.0.0/16(rw,sync,sec=krb5p)\n"
TLS = "/srv/nfs 10.0.0.0/16(rw,sync,sec=sys,xprtsec=mtls)\n"


def looked(folder: Path, exports: str | None, *, keytab: bytes | None = None, tls: bool = False) -> tuple[int, str]:
    """Exit code and errors of the script's function `secured`, with a host of a folder."""
    stage = folder / "stage"
    stage.mkdir()
    if exports is not None:
        (stage / "exports").write_text(exports)
    if keytab is not None:
        (folder / "keytab").write_bytes(keytab)
    [body] = re.findall(r"^secured\(\) \{\n.*?^\}\n", SCRIPT.read_text(), re.DOTALL | re.MULTILINE)
    text = f"""set -eu
stage={stage} keytab={folder}/keytab
fail() {{ echo "error: $*" >&2; exit 1; }}
systemctl() {{ [ "$*" = "-q is-active tlshd" ] && {"true" if tls else "false"}; }}
{body}
secured
"""
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stderr


@pytest.mark.parametrize("exports", [SYS, None])
def test_plain_exports_and_a_witness_need_nothing(tmp_path: Path, exports: str | None) -> None:
    assert looked(tmp_path, exports) == (0, "")


@pytest.mark.parametrize("keytab", [None, b"", b"\x05\x02\x00\x00\x00\x3f\x00\x02host\x00\x05nfs-a"[:-5] + b"a"])
def test_kerberos_without_the_key_of_the_server_is_refused(tmp_path: Path, keytab: bytes | None) -> None:
    code, said = looked(tmp_path, KRB5P, keytab=keytab)
    assert code == 1
    assert "security krb5p needs the key of nfs/" in said
    assert "nothing was changed" in said


def test_kerberos_with_the_key_of_the_server_goes_on(tmp_path: Path) -> None:
    entry = b"\x05\x02\x00\x00\x00\x44\x00\x02\x00\x0bEXAMPLE.COM\x00\x03nfs\x00\x0fnfs.example.com"
    assert looked(tmp_path, KRB5P, keytab=entry) == (0, "")


@pytest.mark.parametrize(("tls", "code"), [(True, 0), (False, 1)])
def test_tls_needs_its_daemon(tmp_path: Path, tls: bool, code: int) -> None:
    found, said = looked(tmp_path, TLS, tls=tls)
    assert found == code
    assert ("needs tlshd with a certificate" in said) == (not tls)


OURS = (
    "# Written by Pulumi\n"
    "/srv/nfs 10.0.0.0/16(rw,sync,no_subtree_check,all_squash,fsid=7,sec=sys,mp) fd00::/48(rw,sync,no_subtree_check,"
    "all_squash,fsid=7,sec=sys,mp)\n"
)
# As exportfs -s of nfs-utils 2.6.2 writes it.
FIRST = "/srv/nfs  10.0.0.0/16(sync,wdelay,hide,no_subtree_check,mp,fsid=7,sec=sys,rw,root_squash,all_squash)\n"
SECOND = FIRST.replace("10.0.0.0/16", "fd00::/48")


def proved(folder: Path, there: str) -> tuple[int, str]:
    """Exit code and errors of the script's function `proved`, with what exportfs says of the kernel."""
    stage = folder / "stage"
    stage.mkdir()
    (stage / "exports").write_text(OURS)
    (stage / "paths").write_text("/srv/nfs\n")
    (folder / "said").write_text(there)
    [body] = re.findall(r"^proved\(\) \{\n.*?^\}\n", SCRIPT.read_text(), re.DOTALL | re.MULTILINE)
    text = f"""set -eu
stage={stage} state={folder}
fail() {{ echo "error: $*" >&2; exit 1; }}
exportfs() {{ cat {folder}/said; }}
ss() {{ echo LISTEN; }}
{body}
proved
"""
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stderr


def test_what_was_asked_for_is_accepted(tmp_path: Path) -> None:
    other = FIRST.replace("/srv/nfs ", "/srv/nfs-of-others ").replace("sync", "async")
    assert proved(tmp_path, FIRST + SECOND + other) == (0, "")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("", "/srv/nfs is not exported"),
        (FIRST, "is exported by another file as well"),
        (FIRST + SECOND + FIRST.replace("10.0.0.0/16", "*"), "is exported by another file as well"),
        (FIRST + SECOND + FIRST.replace("/srv/nfs ", "/srv/nfs/inner "), "is exported by another file as well"),
        (FIRST.replace("sync", "async") + SECOND, "is exported otherwise than asked for (sync, all_squash)"),
        (FIRST.replace("all_squash", "no_all_squash") + SECOND, "is exported otherwise than asked for"),
        (FIRST.replace("root_squash,all", "no_root_squash,no_all") + SECOND, "is exported otherwise than asked for"),
    ],
)
def test_what_another_file_makes_of_it_is_refused(tmp_path: Path, there: str, said: str) -> None:
    """A line by hand in /etc/exports for the same client wins over ours: async, or root of a client, for example."""
    code, errors = proved(tmp_path, there)
    assert code == 1
    assert said in errors


def test_it_is_looked_at_before_anything_is_changed() -> None:
    main = SCRIPT.read_text().partition("finished() {")[2]
    assert main.index("\nsecured\n") < main.index('. "$stage/pair.sh"') < main.index("\npackages\n")
