"""The daemon that owns a cluster's programs: starts them in order, watches them, ends them all.

Run by `Cluster` as `python -m devcluster.supervisor`. It writes lines to a status pipe (`ready`, or `error: ...`) and
holds the reading end of a lease pipe: until the starter writes `keep`, the starter's end is the cluster's end.
"""

import argparse
import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from components.contract import Platform
from devcluster import credentials, locks, programs, published, state
from devcluster.companions import Companions
from devcluster.errors import DevclusterError
from devcluster.fleet import Fleet
from devcluster.nodes import beating_nodes, drop_leases, ensure_nodes, nodes_with_driver, ready_nodes
from devcluster.objects import ensure_objects
from devcluster.platforms import SHAPES, node_names
from devcluster.real import images, layout
from devcluster.real.machines import Machines

API_SECONDS = 90
"""Limit for the API server to become ready. It takes 3 s on an idle machine."""
NODES_SECONDS = 120
"""Limit for the nodes to become Ready. It takes 2 s; real ones load images first, 13 s on a busy machine."""
PORT_TRIES = 3
"""How often another port is tried when somebody took the chosen one meanwhile."""

_POLL_SECONDS = 0.1
_KEEP = b"keep"
_log = logging.getLogger("supervisor")


class Stopped(Exception):
    """The cluster is to end; the text says why."""


class Supervisor:
    """One run of one cluster."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._directory: Path = options.directory
        self._name: str = options.name
        self._platform: Platform = options.platform
        self._binaries: Path = options.control_plane
        self._simulated: Path | None = options.simulated_nodes
        self._real: list[str] = options.real.split(",") if options.real else []
        self._real_nodes: Path | None = options.real_nodes
        self._machines: Machines | None = None
        self._companions = Companions(self._directory)
        self._fleet = Fleet(self._directory)
        self._lease: int = options.lease
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = False

    def run(self, tell: Callable[[str], None]) -> None:
        """Start, say `ready`, watch; returns when everything has ended. Raises DevclusterError."""
        self._listen(self._lease)
        ready = self._directory / state.READY
        # A supervisor that was killed has left it behind.
        ready.unlink(missing_ok=True)
        published.forget_listening(self._directory)
        try:
            port = self._start_control_plane()
            try:
                self._start_rest(port)
            except (ApiException, HTTPError) as error:
                # When a program has ended, that is the reason.
                self._fleet.check()
                raise DevclusterError(f"setting up the nodes failed: {str(error).splitlines()[0]}") from error
            ready.write_text(" ".join(self._real))
            tell("ready")
            _log.info("ready")
            while True:
                self._check(seconds=1.0)
                if self._machines:
                    self._machines.check()
                else:
                    self._companions.check()
        except Stopped as reason:
            _log.info("stopping: %s", reason)
        finally:
            ready.unlink(missing_ok=True)
            self._companions.stop()
            if self._machines:
                # Volumes are unmounted before the control plane ends.
                self._machines.stop_all()
            self._fleet.stop()

    def _listen(self, lease: int) -> None:
        wake, self._wake_write = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wake_write, False)
        # Wakes the selector at once when a child ends or somebody asks to stop.
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._notice)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        self._selector.register(wake, selectors.EVENT_READ, "wake")
        self._selector.register(lease, selectors.EVENT_READ, "lease")

    def _notice(self, *_: object) -> None:
        """A child has ended: without a handler the selector would not wake."""

    def _ask_to_stop(self, *_: object) -> None:
        self._asked_to_stop = True

    def _check(self, seconds: float) -> None:
        """Sleep up to `seconds`. Raises Stopped when the end is asked for, DevclusterError when a program has ended."""
        for event, _ in self._selector.select(seconds):
            content = os.read(event.fd, 4096)
            if event.data == "lease":
                self._end_lease(kept=content.startswith(_KEEP))
        if self._asked_to_stop:
            raise Stopped("asked to")
        self._fleet.check()

    def _end_lease(self, kept: bool) -> None:
        self._selector.unregister(self._lease)
        os.close(self._lease)
        if not kept:
            raise Stopped("the starter ended before it said that the cluster is to be kept")

    def _wait(self, what: str, limit: float, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + limit
        while not done():
            if time.monotonic() > deadline:
                raise DevclusterError(f"{what} took longer than {limit:.0f} s; see {self._directory / 'logs'}")
            self._check(_POLL_SECONDS)

    def _start_control_plane(self) -> int:
        """etcd and the API server; returns the port on loopback."""
        credentials.ensure_token(self._directory)
        credentials.drop_old_certificate(self._directory)
        if self._real:
            self._prepare_machines()
        self._fleet.start(programs.etcd(self._binaries))
        known = state.load(self._directory)
        wanted = known["port"] if known else None
        listener = "relay" if self._real else "kube-apiserver"
        for attempt in range(1, PORT_TRIES + 1):
            port = state.choose_port(wanted)
            self._start_api(port)
            try:
                self._wait_for_api(port)
            except DevclusterError:
                if not self._fleet.drop_if_port_was_taken(listener):
                    raise
                self._fleet.end("kube-apiserver")
                _log.warning("port %d was taken meanwhile (try %d of %d)", port, attempt, PORT_TRIES)
                wanted = None
                continue
            state.save(self._directory, {"platform": self._platform.value, "port": port})
            return port
        raise DevclusterError(
            f"port taken: {PORT_TRIES} free ports on 127.0.0.1 were taken by other programs before {listener} "
            "could listen; start again when the machine is quieter"
        )

    def _prepare_machines(self) -> None:
        """What must be there before the API server starts: the nodes' network and tokens, and its own certificate."""
        if self._real_nodes is None:
            raise DevclusterError("real nodes are asked for without the folder of their programs")
        credentials.ensure_node_tokens(self._directory, self._real)
        certificates = self._directory / credentials.CERTIFICATES
        certificates.mkdir(mode=0o700, exist_ok=True)
        pair = [f"{credentials.KUBELET_CLIENT}.{ending}" for ending in ("crt", "key")]
        subprocess.run([self._real_nodes / "certificate", *pair], cwd=self._directory, check=True)
        pause = layout.images(self._directory) / "pause.tmp"
        images.pause(self._real_nodes / "pause", pause)
        images.store(self._directory, pause)
        pause.unlink()
        folders = {"control-plane": self._binaries, "real-nodes": self._real_nodes}
        self._machines = Machines(self._directory, self._platform, self._real, folders)

    @property
    def _network(self) -> int | None:
        """The network namespace of the control plane; None: the machine's."""
        return self._machines.network if self._machines else None

    def _start_api(self, port: int) -> None:
        """Start the API server, and with real nodes the relay that listens on the machine's loopback for it."""
        self._fleet.start(programs.apiserver(self._binaries, port, bool(self._real)), self._network)
        if self._network is not None:
            self._fleet.start(programs.relay(self._directory, self._network, port), descriptors=[self._network])

    def _wait_for_api(self, port: int) -> None:
        certificate = self._directory / credentials.CERTIFICATE
        self._wait("making the API server's certificate", API_SECONDS, certificate.exists)
        credentials.write_kubeconfig(self._directory, self._name, port)
        self._wait("starting kube-apiserver", API_SECONDS, lambda: credentials.is_ready(self._directory, port))

    def _start_rest(self, port: int) -> None:
        api = credentials.connect(self._directory)
        ensure_objects(api, self._platform)
        # Before kwok starts: it would give a node without capacity one of its own choice.
        ensure_nodes(api, self._platform, self._real)
        drop_leases(api)
        self._fleet.start(programs.controller_manager(self._binaries), self._network)
        self._fleet.start(programs.scheduler(self._binaries), self._network)
        if self._machines:
            self._machines.start_all(port)
        elif self._simulated:
            self._fleet.start(programs.kwok(self._simulated))
        self._fleet.start(programs.csi(self._directory, self._platform, bool(self._real)))
        wanted = set(self._real or node_names(self._platform))
        self._wait(
            "making the nodes Ready", NODES_SECONDS, lambda: wanted <= {*ready_nodes(api)} & {*beating_nodes(api)}
        )
        driver = SHAPES[self._platform].block.name
        self._wait("registering the driver", NODES_SECONDS, lambda: wanted <= {*nodes_with_driver(api, driver)})


def main() -> int:
    """Become a daemon and run the cluster; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--platform", type=Platform, required=True)
    parser.add_argument("--control-plane", type=Path, required=True, help="folder of its programs")
    parser.add_argument("--simulated-nodes", type=Path, help="folder of kwok and its stages")
    parser.add_argument("--real-nodes", type=Path, help="folder of containerd and what goes with it")
    parser.add_argument("--real", default="", help="names of the real nodes, with commas; none: all are simulated")
    parser.add_argument("--lease", type=int, required=True, help="descriptor to read `keep` from")
    parser.add_argument("--status", type=int, required=True, help="descriptor to report to")
    options = parser.parse_args()
    if os.fork():
        # The starter need not wait for its child, and the daemon has no parent whose terminal could end it.
        os._exit(0)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")

    def tell(line: str) -> None:
        # The starter may be gone, or have heard enough.
        with contextlib.suppress(BrokenPipeError):
            os.write(options.status, f"{line}\n".encode())

    if locks.take(options.directory / locks.SUPERVISOR, seconds=5) is None:
        tell(f"error: devcluster {options.name!r} is being started by another process; try again")
        return 1
    supervisor = Supervisor(options)
    try:
        supervisor.run(tell)
    except DevclusterError as error:
        _log.error("%s", error)
        tell(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
