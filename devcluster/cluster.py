"""The devcluster as the rest of the project uses it: start, use, stop."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubernetes.client import ApiClient
from rich.console import Console

from components.contract import Platform
from devcluster import build, companions, credentials, fleet, locks, node_kinds, paths, platforms, published, state
from devcluster.errors import DevclusterError
from devcluster.node_kinds import Nodes
from devcluster.real import images, machines, probe

START_SECONDS = 240
"""Limit from starting the supervisor to Ready nodes. It takes about 6 s; the supervisor has finer limits of its own."""

STOP_SECONDS = 45
"""Limit for stopping. The supervisor itself kills what has not ended after 5 s, program by program."""


class Cluster:
    """A devcluster, by name. Making this object starts nothing.

    The cluster outlives this process only after `keep()`: until then its supervisor holds the other end of a pipe and
    stops everything when this process ends, however it ends. So neither Ctrl-C nor a crash leaves a process behind.
    """

    def __init__(
        self,
        name: str,
        platform: Platform,
        console: Console | None = None,
        nodes: Nodes | None = None,
        real: Sequence[str] = (),
        objection: str | None = None,
    ) -> None:
        """`name`: folder in the cache and part of the kubeconfig's context. `platform`: how nodes are labelled.

        `console` shows the build's progress; default: standard error. `nodes`: default simulated, or what the variable
        KOTAEMON_NODES says. `real`: names of the nodes where they are real; default: the first of each zone.
        `objection`: why nodes shall be simulated although the machine may have real ones, for Nodes.AUTO.
        Raises DevclusterError for an unusable name.
        """
        self.name = name
        self.platform = platform
        self.directory = paths.cluster_dir(name)
        self._console = console or Console(stderr=True)
        self._lease: int | None = None
        self.kind = nodes or node_kinds.chosen()
        self._real = list(real) or platforms.first_nodes(platform)
        self._objection = objection

    @property
    def real_nodes(self) -> list[str]:
        """Names of the real nodes of the running cluster; none: they are simulated."""
        file = self.directory / state.READY
        return file.read_text().split() if file.exists() else []

    @property
    def why_simulated(self) -> str | None:
        """Why the nodes of the last start are simulated although real ones were asked for if possible."""
        return node_kinds.why_simulated(self.directory)

    @property
    def will_be_real(self) -> bool:
        """Whether the nodes are real: those that run, or those that the next `start` gives as far as can be known."""
        if self.running:
            return bool(self.real_nodes)
        return self.kind is not Nodes.SIMULATED and self._why_not_real() is None

    @property
    def nodes_line(self) -> str:
        """What kind of nodes the running cluster has, and why: one sentence for people."""
        return node_kinds.line(self.real_nodes, self.why_simulated)

    @property
    def limits(self) -> list[str]:
        """What real nodes of this running cluster do not do as others would, in sentences for people.

        Of simulated ones `nodes_line` says all.
        """
        if not self.real_nodes:
            return []
        return [
            "Disks are sparse files and shared file systems are folders of this machine: no NFS is spoken.",
            "Network policies are accepted and not enforced.",
        ]

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of this cluster, mode 0600. It exists once the cluster has been started."""
        return self.directory / credentials.KUBECONFIG

    @property
    def context(self) -> str:
        """The only context in the kubeconfig."""
        return credentials.context_name(self.name)

    @property
    def running(self) -> bool:
        """Whether a supervisor runs this cluster now, whichever process started it."""
        return locks.is_held(self.directory / locks.SUPERVISOR)

    def start(self, keep: bool) -> None:
        """Return when the API server answers and every node is Ready; build the programs first where needed.

        A running cluster is left as it is. With `keep` it outlives this process; without, call `keep()` later.
        Raises DevclusterError: no Go, no network, no port, a program that does not start, another platform's data.
        """
        made_for = state.platform_of(self.directory)
        if made_for not in (None, self.platform):
            raise DevclusterError(
                f"devcluster {self.name!r} was made for platform {made_for.value!r}, not {self.platform.value!r}: "
                f"use another name, or stop it and remove {self.directory} with all that is in it"
            )
        parts: dict[str, Path] = {}
        if not self.running:
            # Before the lock: a second starter then sees that a build is going on.
            parts = self._build()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        with locks.hold(self.directory / locks.START):
            if not self._wait_until_ready():
                self._launch(parts or self._build())
        if keep:
            self.keep()

    def keep(self) -> None:
        """Let the cluster outlive this process. Does nothing when it already may."""
        if self._lease is not None:
            os.write(self._lease, b"keep\n")
            self._drop_lease()

    def stop(self) -> None:
        """End every process of the cluster and wait for that; its data stays. Does nothing when it is not running."""
        lock = self.directory / locks.SUPERVISOR
        for sign in (signal.SIGTERM, signal.SIGKILL):
            pid = locks.holder(lock)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
            if locks.wait_until_free(lock, STOP_SECONDS):
                self._drop_lease()
                # Of a run whose processes were all killed.
                machines.remove_leftovers(self.directory)
                return
        raise DevclusterError(f"devcluster {self.name!r} does not stop; see {self.directory / fleet.LOGS}")

    def destroy_data(self) -> None:
        """Stop the cluster and remove its folder: every object in it is gone, also the volumes that it kept."""
        self.stop()
        if self.directory.exists():
            shutil.rmtree(self.directory)

    def api(self) -> ApiClient:
        """A client of this cluster's API server. It reads the cluster's own kubeconfig and nothing else."""
        return credentials.connect(self.directory)

    def load_image(self, archive: Path, name: str = "") -> list[str]:
        """Give the real nodes an image: an archive as `docker save` writes it. Returns the names that pods may use.

        `name`: the image's name in the cluster; default: the archive's own. The cluster keeps a copy for nodes that
        start later. Raises DevclusterError: no such archive.
        """
        names = images.store(self.directory, archive, name)
        for node in self.real_nodes:
            machines.load_images(self.directory, node, build.ensure_built(self._console, "real-nodes")[0])
        return names

    def publish(self, namespace: str, service: str, port: int = 0) -> int:
        """Make a Service answer on 127.0.0.1 of this machine for as long as the cluster runs; returns the port.

        `port`: the wanted one; when it is taken, another; 0: the one that the Service had before, or any. The Service
        need not exist yet. DevclusterError: nobody listens. Beside simulated nodes that is a companion's work.
        """
        wanted: published.Published = {"namespace": namespace, "service": service, "port": port}
        return published.publish_and_wait(self.directory, wanted)

    def run_beside(self, name: str, command: Sequence[str]) -> None:
        """Have a program run beside simulated nodes, at this and at every later start; it ends with the cluster.

        `name`: that of its log. Real nodes have no companions: containers run on them.
        """
        companions.write(self.directory, name, command)

    def kill_node(self, name: str) -> None:
        """Cut a real node's power. It stays off until `revive_node`, also over a restart of its programs."""
        machines.kill(self.directory, name)

    def revive_node(self, name: str) -> None:
        """Switch on a real node that was killed."""
        machines.revive(self.directory, name)

    def signal_node(self, name: str, program: str, sign: signal.Signals) -> None:
        """Send a signal to `kubelet`, `containerd`, `kube-proxy` or `csi` of a real node; what ends is started again.

        SIGSTOP of the kubelet, and later SIGCONT, is a partition: its containers live on.
        """
        machines.signal_program(self.directory, name, program, sign)

    def _build(self) -> dict[str, Path]:
        """Folders of the programs by part, for the kind of nodes that this cluster gets. Decides between the kinds."""
        reason = self._why_not_real() if self.kind is not Nodes.SIMULATED else None
        if self.kind is Nodes.REAL and reason:
            raise DevclusterError(reason)
        if self.kind is not Nodes.SIMULATED and not reason:
            try:
                found = self._built("control-plane", "real-nodes")
            except DevclusterError as error:
                if self.kind is Nodes.REAL:
                    raise
                reason = str(error)
            else:
                node_kinds.note_why_simulated(self.directory, None)
                return found
        node_kinds.note_why_simulated(self.directory, reason)
        return self._built("control-plane", "simulated-nodes")

    def _why_not_real(self) -> str | None:
        objection = self._objection if self.kind is Nodes.AUTO else None
        return objection or probe.why_not(self.directory, paths.bin_root())

    def _built(self, *parts: str) -> dict[str, Path]:
        return dict(zip(parts, build.ensure_built(self._console, *parts), strict=True))

    def _launch(self, parts: Mapping[str, Path]) -> None:
        lease, self._lease = os.pipe()
        report, status = os.pipe()
        try:
            try:
                self._spawn(parts, lease, status)
            finally:
                os.close(lease)
                os.close(status)
            self._await_ready(report)
        except BaseException:
            # Also Ctrl-C: the supervisor sees the lease end and stops what it has started so far.
            self._drop_lease()
            locks.wait_until_free(self.directory / locks.SUPERVISOR, STOP_SECONDS)
            raise
        finally:
            os.close(report)

    def _spawn(self, parts: Mapping[str, Path], lease: int, status: int) -> None:
        options = {
            "directory": self.directory,
            "name": self.name,
            "platform": self.platform.value,
            "real": ",".join(self._real) if "real-nodes" in parts else "",
            **parts,
            "lease": lease,
            "status": status,
        }
        arguments = [text for key, value in options.items() for text in (f"--{key}", str(value))]
        with fleet.rotate_log(self.directory, "supervisor").open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for the starter alone.
            subprocess.run(
                [sys.executable, "-m", "devcluster.supervisor", *arguments],
                cwd=self.directory,
                env=fleet.child_environment(self.directory),
                pass_fds=(lease, status),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=True,
            )

    def _await_ready(self, report: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        said = b""
        while not said.endswith(b"\n"):
            if not select.select([report], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise DevclusterError(f"devcluster {self.name!r} is not ready after {START_SECONDS} s; see {self._log}")
            chunk = os.read(report, 4096)
            if not chunk:
                raise DevclusterError(
                    f"devcluster {self.name!r}: the supervisor ended: {fleet.last_line(self._log)}; see {self._log}"
                )
            said += chunk
        line = said.decode().strip()
        if line != "ready":
            raise DevclusterError(f"devcluster {self.name!r}: {line.removeprefix('error: ')}")

    def _wait_until_ready(self) -> bool:
        """Wait for a supervisor that is already there; False when it ends instead (its starter was killed)."""
        deadline = time.monotonic() + START_SECONDS
        while self.running:
            if (self.directory / state.READY).exists():
                return True
            if time.monotonic() > deadline:
                raise DevclusterError(f"devcluster {self.name!r} is not ready after {START_SECONDS} s; see {self._log}")
            time.sleep(0.1)
        return False

    @property
    def _log(self) -> Path:
        return self.directory / fleet.LOGS / "supervisor.log"

    def _drop_lease(self) -> None:
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None
