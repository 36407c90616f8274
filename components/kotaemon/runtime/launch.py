"""Starts Kotaemon in the pod, and stops it.

The image's own launch.sh leaves a shell as PID 1 that ignores SIGTERM, so every rollout would end
in SIGKILL in the middle of a write (docs/facts/kotaemon.md 8-3). This file checks the folders, takes the
lock of the profile, copies the output to the logs role and runs the application's own app.py in
this very process.

Exit codes: 78 a mistake in the set-up (restarting does not help), 75 somebody else holds the lock
for too long, 143 stopped before or without the application's own farewell; everything else is the
application's own.
"""

import importlib
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from ks_compiled import keep_compiled
from ks_conversation import keep_conversations_whole
from ks_downloads import fetch_nothing
from ks_embeddings import keep_embeddings
from ks_environment import flag, number, pod_name, profile_name, read_only_roles, refuse, role_folders, say
from ks_folders import check_folders, check_writable, leave_out_hanging_logs, make_folder
from ks_gradio import write_no_interface_files
from ks_housekeeping import Housekeeping
from ks_index import COLLECTIONS, index_wholly
from ks_locks import take_locks
from ks_log import Tee, start_log
from ks_metrics import Counted, Metric, Metrics, of_scratch, serve_where_asked
from ks_models import hold
from ks_page import add_our_scripts
from ks_running import UPLOADS, busy
from ks_schema import check_data
from ks_stop import STOPPED, Stopper
from ks_variables import scratch_variables, server_variables, upload_folder
from ks_vectors import FAILURES
from ks_words import read_word_files


def run_sso(port: int, stop_seconds: int) -> None:
    os.environ.setdefault("GR_FILE_ROOT_PATH", "/app")  # as launch.sh:18
    uvicorn: Any = importlib.import_module("uvicorn")
    uvicorn.run(
        "sso_app:app",
        host=os.environ["GRADIO_SERVER_NAME"],
        port=port,
        loop="asyncio",  # uvloop would take the wake-up descriptor away from Stopper
        # Open event streams never end by themselves.
        timeout_graceful_shutdown=max(1, stop_seconds // 2),
    )


def run_app() -> None:
    app = os.environ.get("KS_APP") or "app.py"
    sys.argv = [app]
    runpy.run_path(app, run_name="__main__")


def prepare(profile: str) -> tuple[dict[str, Path], set[str]]:
    folders, read_only = role_folders(profile), read_only_roles()
    scratch = Path(os.environ.setdefault("KS_SCRATCH_DIR", "/tmp/kotaemon"))  # noqa: S108 its own emptyDir
    make_folder(scratch)
    leave_out_hanging_logs(folders)
    check_folders(folders, read_only)
    hold(folders["models"])
    keep_compiled(folders["indexes"], bytecode=profile == "single-writer")
    scratch_variables(scratch)
    fetch_nothing(folders["models"], "models" not in read_only, scratch)
    server_variables()
    check_writable("uploads", upload_folder(folders["uploads"]))
    return folders, read_only


def change_the_application() -> None:
    """What no setting can say: see the file behind each line. Before the application is imported."""
    write_no_interface_files()
    add_our_scripts()
    keep_conversations_whole()
    index_wholly()
    read_word_files()


def numbers(tee: Tee, scratch: Path, half_indexed: Counted) -> list[Metric]:
    return [
        Metric("kotaemon_half_indexed_files", "Files whose indexing was broken off.", lambda: half_indexed.last),
        Metric("kotaemon_indexing_files", "Files that are being indexed.", lambda: UPLOADS.count),
        Metric("kotaemon_vector_store_failures_total", "Failed calls of the vector store.", lambda: FAILURES.count),
        Metric("kotaemon_log_dropped_lines_total", "Lines of output that its log file has not.", lambda: tee.dropped),
        *of_scratch(scratch),
    ]


def keep_house(tee: Tee, folders: dict[str, Path], read_only: set[str]) -> None:
    logs = folders["logs"] / pod_name() if "logs" in folders and "logs" not in read_only else None
    scratch = Path(os.environ["KS_SCRATCH_DIR"])
    half_indexed = Counted(lambda: sum(collection.check() for collection in COLLECTIONS))
    metrics = Metrics(numbers(tee, scratch, half_indexed), scratch, logs)
    serve_where_asked(metrics)

    def publish() -> None:
        half_indexed.refresh()
        metrics.write()

    Housekeeping(folders["uploads"], scratch, publish).start()


def main() -> int:
    stop_seconds = number("KS_STOP_SECONDS", 25)
    tee = Tee()
    stopper = Stopper(tee, stop_seconds, number("KS_FINISH_SECONDS", 300), busy)
    try:
        if flag("KH_DEMO_MODE"):
            refuse("KH_DEMO_MODE serves everybody without a login and is not supported; unset it")
        profile = profile_name()
        folders, read_only = prepare(profile)
        start_log(tee, folders, read_only)
        port, sso = number("GRADIO_SERVER_PORT", 7860), flag("KH_SSO_ENABLED")
        take_locks(profile, folders, port, "/login" if sso else "/app_id")
        check_data(folders["uploads"])
        sys.path.insert(0, os.getcwd())  # as `python app.py` does: flowsettings.py is found there
        change_the_application()
        keep_embeddings(folders["indexes"], folders["models"])
        keep_house(tee, folders, read_only)
        if sso:
            run_sso(port, stop_seconds)
        else:
            run_app()
    except KeyboardInterrupt:
        say("stopped before the application could say goodbye")
        return STOPPED if stopper.asked else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
