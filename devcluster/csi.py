"""The stand-in CSI controller as a process: wakes up at every change and lets `Controller` do what is missing.

Run by the supervisor as `python -m devcluster.csi <cluster folder> <platform> <real or simulated nodes>`.
"""

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException, CoreV1Api, StorageV1Api
from urllib3.exceptions import HTTPError

from components.contract import Platform
from devcluster import credentials
from devcluster.csi_controller import RETRY_SECONDS, Controller
from devcluster.platforms import SHAPES

RESYNC_SECONDS = 5.0
"""Longest sleep. Changes wake it at once; this is for what failed and for what no event tells."""

_WATCH_SECONDS = 300

_log = logging.getLogger("csi")


def main(arguments: list[str]) -> None:
    """Run until killed."""
    directory, platform = Path(arguments[0]), Platform(arguments[1])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    api = credentials.connect(directory)
    core, storage = CoreV1Api(api), StorageV1Api(api)
    changed = threading.Event()
    for watched in (
        core.list_persistent_volume_claim_for_all_namespaces,
        core.list_persistent_volume,
        storage.list_volume_attachment,
    ):
        threading.Thread(target=_watch, args=(watched, changed), daemon=True).start()
    controller = Controller(api, SHAPES[platform].block, real=arguments[2] == "real")
    _log.info("stand-in for %s", SHAPES[platform].block.name)
    while True:
        changed.clear()
        changed.wait(_round(controller))


def _round(controller: Controller) -> float:
    """One comparison of what is with what should be; returns how long to sleep."""
    try:
        return controller.reconcile() or RESYNC_SECONDS
    except (ApiException, HTTPError) as error:
        _log.warning("trying again: %s", _short(error))
        return RETRY_SECONDS


def _watch(listing: Callable[..., Any], changed: threading.Event) -> None:
    """Set `changed` whenever the server reports something; for ever.

    Every watch begins without a version, so the server first reports all that is there: nothing that happened between
    two watches is missed, and there is no version that could have expired.
    """
    while True:
        try:
            response = listing(watch=True, timeout_seconds=_WATCH_SECONDS, _preload_content=False)
            with contextlib.closing(response):
                for _ in response.stream():
                    changed.set()
        except (ApiException, HTTPError) as error:
            _log.info("watch ended, starting another: %s", _short(error))
            time.sleep(RETRY_SECONDS)


def _short(error: Exception) -> str:
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason} {error.body or ''}"[:500]
    return str(error)[:500]


if __name__ == "__main__":
    main(sys.argv[1:])
