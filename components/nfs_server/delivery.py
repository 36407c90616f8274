"""Two ways to bring the rendered files to a host: a stream over SSH, or cloud-init at its first start."""

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Sequence

from .files import INSTALL, HostFile

UNPACK = f"base64 -d | tar -xzf - -C / --no-same-owner --same-permissions && exec {INSTALL}"
"""Run by a shell as root, with `stream` on its standard input. It is the same text for every server: what a user wrote
stands in files, never in a command."""
UNPACK_WITH_SUDO = f"base64 -d | sudo -n tar -xzf - -C / --no-same-owner --same-permissions && exec sudo -n {INSTALL}"
"""The same for a user who may use sudo without a password."""


def stream(files: Sequence[HostFile]) -> str:
    """A compressed tar archive of the files in base64. Equal files give an equal text, so a second run is no change."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for file in files:
            text = file.text.encode()
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size, entry.mode = len(text), file.mode
            tar.addfile(entry, io.BytesIO(text))
    return base64.b64encode(packed.getvalue()).decode()


def cloud_config(files: Sequence[HostFile], before: Sequence[Sequence[str]] = ()) -> str:
    """User data of cloud-init: the files, and one run of the install script at the first start. `before`: commands that
    are run before the script, each with its arguments.

    It is JSON, which every YAML parser reads. The disk may be attached after the start: the script waits for it. Clouds
    take 16 KiB of it, so scripts come without comments and indents, and nothing is packed: two releases of a compressor
    would give two texts, and another text is another machine.
    """
    written = [
        {"path": file.path, **_content(file), "permissions": f"0{file.mode:o}", "owner": "root:root"} for file in files
    ]
    commands = [*map(list, before), [INSTALL]]
    return "#cloud-config\n" + json.dumps({"write_files": written, "runcmd": commands}, indent=0) + "\n"


def _content(file: HostFile) -> dict[str, str]:
    text = short(file.text) if file.path.endswith(".sh") else file.text
    if all(char == "\n" or (char.isascii() and char.isprintable()) for char in text):
        return {"content": text}
    return {"encoding": "b64", "content": base64.b64encode(text.encode()).decode()}


def short(script: str) -> str:
    """A shell script without comments and indents; the first line is the interpreter's. No here-document of it is
    indented."""
    first, *rest = (line.lstrip() for line in script.splitlines(keepends=True))
    return first + "".join(line for line in rest if not line.startswith("#"))
