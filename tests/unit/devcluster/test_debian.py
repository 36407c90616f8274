"""Debian's packages: unpacked into our folder and nowhere else. Shell scripts stand in for apt-get and dpkg-deb."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devcluster import debian
from devcluster.errors import DevclusterError

Script = Callable[[str, str], Path]
APT = """
echo "$*" >> {calls}
case "$*" in
*update) {update} ;;
*install*) echo "Inst libone (1 Debian:12)"; echo "Inst {package} (2 Debian:12)"; echo "Conf libone" ;;
*download*) : > libone.deb; : > {package}.deb ;;
esac
"""


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own programs are not seen."""
    monkeypatch.setattr(debian, "search_path", lambda: str(tmp_path / "programs"))


@pytest.fixture
def apt(script: Script, tmp_path: Path) -> Callable[..., Path]:
    """`calls = apt()`: apt-get and dpkg-deb that write down what they are called with."""

    def write(update: str = ":") -> Path:
        calls = tmp_path / "calls"
        script("apt-get", APT.format(calls=calls, update=update, package="runc"))
        script("dpkg-deb", f'echo "dpkg-deb $*" >> {calls}')
        return calls

    return write


def test_what_is_missing_comes_with_what_it_depends_on(apt: Callable[..., Path], tmp_path: Path) -> None:
    calls = apt()
    debian.fetch({"runc": "runc"}, tmp_path)
    lines = calls.read_text().splitlines()
    assert lines[1].endswith("install --simulate --no-install-recommends runc")
    assert lines[2].endswith("download libone runc")
    assert [line.rpartition(" ")[2] for line in lines[3:]] == [str(tmp_path / "system")] * 2
    assert all(f"Dir::State::Lists={tmp_path}/apt/lists" in line for line in lines[:3]), "apt's own lists stay"
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("calls", "programs")] == ["system"]


def test_what_is_on_path_is_not_downloaded(apt: Callable[..., Path], script: Script, tmp_path: Path) -> None:
    calls = apt()
    script("runc", ":")
    debian.fetch({"runc": "runc"}, tmp_path)
    assert not calls.exists()


def test_a_system_without_apt(script: Script, tmp_path: Path) -> None:
    with pytest.raises(
        DevclusterError, match=r"^no runc and nft on PATH, and no apt-get to download runc nftables with"
    ):
        debian.fetch({"runc": "runc", "nft": "nftables"}, tmp_path)


def test_a_refusal_of_apt_is_told_in_one_line(apt: Callable[..., Path], tmp_path: Path) -> None:
    apt('echo "W: ignored" >&2; echo "E: Failed to fetch http://mirror" >&2; exit 100')
    with pytest.raises(DevclusterError) as error:
        debian.fetch({"runc": "runc"}, tmp_path)
    assert str(error.value) == "no runc on PATH, and `apt-get update` failed: E: Failed to fetch http://mirror"
    assert not (tmp_path / "apt").exists()


def test_unpacked_programs_come_first_with_their_libraries(tmp_path: Path) -> None:
    (tmp_path / "system/usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    found = debian.environment(tmp_path)
    assert found["PATH"].split(":")[:2] == [str(tmp_path), f"{tmp_path}/system/usr/sbin"]
    assert found["LD_LIBRARY_PATH"] == f"{tmp_path}/system/usr/lib/x86_64-linux-gnu"
