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


def cloud_config(files: Sequence[HostFile]) -> str:
    """User data of cloud-init: the files, and one run of the install script at the first start.

    It is JSON, which every YAML parser reads. The disk may be attached after the start: the script waits for it.
    """
    written = [
        {
            "path": file.path,
            "encoding": "b64",
            "content": base64.b64encode(file.text.encode()).decode(),
            "permissions": f"0{file.mode:o}",
            "owner": "root:root",
        }
        for file in files
    ]
    return "#cloud-config\n" + json.dumps({"write_files": written, "runcmd": [[INSTALL]]}, indent=1) + "\n"
