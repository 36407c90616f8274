"""Variables that the application and its libraries read, set to folders and values that work in this pod."""

import os
import sys
from pathlib import Path

from ks_environment import SET_BY, refuse
from ks_folders import check_writable, make_folder


def default_folder(name: str, folder: Path) -> None:
    """Point a variable of the application at a folder of ours unless the Deployment has set it."""
    make_folder(Path(os.environ.setdefault(name, str(folder))))


def scratch_variables(scratch: Path) -> None:
    """What is written outside the roles: the image is read-only (docs/facts/kotaemon.md 1)."""
    home = os.environ.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        # containerd says HOME=/ for a uid that the image does not know
        os.environ["HOME"] = str(scratch / "home")
    make_folder(Path(os.environ["HOME"]))
    default_folder("TMPDIR", scratch / "tmp")
    default_folder("NUMBA_CACHE_DIR", scratch / "numba")
    default_folder("MPLCONFIGDIR", scratch / "mpl")
    default_folder("THEFLOW_TEMP_PATH", scratch / "theflow")
    make_folder(scratch / "zip_in")
    # flowsettings.py:37 makes it at import, whatever the settings module says afterwards.
    make_folder(Path.cwd() / "ktem_app_data")
    check_writable("scratch", Path.cwd() / "ktem_app_data")


def server_variables() -> None:
    os.environ.setdefault("GRADIO_SERVER_NAME", "0.0.0.0")  # noqa: S104 gradio's default is 127.0.0.1
    os.environ.setdefault("GRADIO_SERVER_PORT", "7860")
    os.environ.setdefault("GRADIO_NUM_PORTS", "1")  # else a busy 7860 becomes 7861 (8-11)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    os.environ["KH_ENABLE_FIRST_SETUP"] = os.environ["KH_FIRST_SETUP"] = "false"
    # The application starts `python` by name (8-9).
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    for name in ("NO_PROXY", "no_proxy"):  # a proxied localhost stops gradio's launch (8-10)
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "localhost,127.0.0.1")))


def upload_folder(uploads: Path) -> Path:
    """Gradio's folder. A symbolic link on the way makes every file a 403 (8-5)."""
    folder = Path(os.environ.setdefault("GRADIO_TEMP_DIR", str(uploads / "gradio_tmp")))
    if not folder.is_absolute():
        refuse(f"GRADIO_TEMP_DIR is {str(folder)!r}; it must be an absolute path; {SET_BY} sets it")
    real = Path(os.path.realpath(folder))
    if real != Path(os.path.normpath(folder)):
        refuse(
            f"GRADIO_TEMP_DIR {folder} is reached through a symbolic link (it is really {real}): "
            "every citation would answer 403; mount the claim there with subPath instead of a link"
        )
    make_folder(folder)
    return folder
