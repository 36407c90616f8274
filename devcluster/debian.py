"""Programs of Debian's packages, downloaded and unpacked into a folder of ours. Nothing is installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from devcluster.errors import DevclusterError

SYSTEM = "system"
"""Folder, in that of a part, that holds what was unpacked, laid out like `/`."""

_DOWNLOAD_SECONDS = 300


def fetch(programs: Mapping[str, str], work: Path) -> None:
    """Unpack the packages of the programs that this machine lacks into `work`/system, with what they depend on.

    `programs`: name on PATH -> Debian package. apt's lists go into a folder of ours as well, so that apt's own stay as
    they are. Raises DevclusterError: no apt, no network, a package that does not exist.
    """
    system = work / SYSTEM
    system.mkdir()
    missing = {
        program: package for program, package in programs.items() if not shutil.which(program, path=search_path())
    }
    if not missing:
        return
    names = " and ".join(missing)
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DevclusterError(f"no {names} on PATH, and no apt-get to download {' '.join(missing.values())} with")
    apt = work / "apt"
    try:
        (apt / "lists" / "partial").mkdir(parents=True)
        (apt / "cache" / "archives" / "partial").mkdir(parents=True)
        _apt(apt, names, "update")
        plan = _apt(apt, names, "install", "--simulate", "--no-install-recommends", *missing.values())
        _apt(apt, names, "download", *re.findall(r"^Inst (\S+)", plan, re.MULTILINE))
        for archive in sorted(apt.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(archive), str(system)], check=True, stdin=subprocess.DEVNULL)
    finally:
        shutil.rmtree(apt, ignore_errors=True)


def environment(part: Path) -> dict[str, str]:
    """PATH and LD_LIBRARY_PATH with which the programs in the folder of a part are found, before the machine's own."""
    system = part / SYSTEM
    places = [part, *(system / "usr" / folder for folder in ("sbin", "bin")), *(system / f for f in ("sbin", "bin"))]
    libraries = [*system.glob("usr/lib/*-linux-gnu*"), *system.glob("lib/*-linux-gnu*")]
    return {
        "PATH": ":".join([*map(str, places), search_path()]),
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
    }


def search_path() -> str:
    """PATH with the folders for administrators, which users who became root by `su` often lack."""
    own = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([*own, "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"]))


def _apt(folder: Path, names: str, *arguments: str) -> str:
    options = {
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # Downloads by the user _apt need folders that this user can enter; ours are private.
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }
    settings = [text for key, value in options.items() for text in ("-o", f"{key}={value}")]
    try:
        run = subprocess.run(
            ["apt-get", "--quiet", "--quiet", *settings, *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DevclusterError(f"no {names} on PATH, and `apt-get {arguments[0]}` took too long") from error
    if run.returncode != 0:
        said = next((line.strip() for line in run.stderr.splitlines() if line.startswith("E: ")), "no reason given")
        raise DevclusterError(f"no {names} on PATH, and `apt-get {arguments[0]}` failed: {said}")
    return run.stdout
