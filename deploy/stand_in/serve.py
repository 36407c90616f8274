"""Runs the stand-in application for a cluster with simulated nodes, and serves it where its Service is published.

A companion of the cluster (devcluster.companions): `python -m deploy.stand_in.serve <cluster folder> <namespace>`.
"""

import asyncio
import signal
import sys
import threading
import time
from pathlib import Path

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from deploy.kube import Kube
from deploy.stand_in.processes import Processes
from devcluster import credentials
from devcluster.published import Pair, Ports

FOLDER = "stand-in"
"""Folder in the cluster's, with the volumes and the output of the pods' processes."""
_LOOK_SECONDS = 0.5


class Stopped(Exception):
    """The cluster ends."""


def main(arguments: list[str]) -> None:
    """Follow the pods until SIGTERM."""
    cluster, namespace = Path(arguments[0]), arguments[1]
    signal.signal(signal.SIGTERM, _stop)
    kube = Kube(credentials.connect(cluster), cluster / f"discovery-{FOLDER}.json")
    processes = Processes(kube, namespace, cluster / FOLDER)

    async def way(space: str, service: str) -> Pair:
        serving = processes.serving() if space == namespace else []
        if not serving:
            raise OSError(f"no ready pod behind Service {space}/{service}")
        return await asyncio.open_connection("127.0.0.1", serving[0].port)

    threading.Thread(target=lambda: asyncio.run(Ports(cluster, way).run()), daemon=True).start()
    try:
        # In the main thread: the kernel ends a process with the thread that has started it.
        while True:
            try:
                processes.follow()
            except (HTTPError, ApiException, LookupError) as error:
                # The API server is away for a moment, or an object is on its way.
                print(f"{time.strftime('%H:%M:%S')} {error}", flush=True)
            time.sleep(_LOOK_SECONDS)
    except Stopped:
        processes.stop_all()


def _stop(*_: object) -> None:
    raise Stopped


if __name__ == "__main__":
    main(sys.argv[1:])
