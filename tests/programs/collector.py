"""The Collector as a process, with the configuration that the component renders, and files of the real launcher's class."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from components.logs.args import LogOutput, LogOutputKind
from components.logs.collector import FLAGS, HEALTH_PORT, LOGS_DIR, METRICS_PORT, STATE_DIR, config
from components.logs.shipping import shipping
from tests.unit.components.kotaemon.runtime.stand_in import eventually, free_port, runtime_module

LOG_FILE = runtime_module("ks_log_file")


def rendered(url: str, **credentials: str) -> dict[str, Any]:
    """What the component makes for an OTLP output."""
    output = LogOutput(kind=LogOutputKind.OTLP, endpoint=url)
    return config(shipping("kotaemon-logs", {"namespace": "kotaemon", "output": output, "credentials": credentials}))


class Collector:
    """One Collector over a folder of logs. What differs from a pod: the paths, the ports, JSON, and shorter waits."""

    def __init__(self, program: Path, root: Path, url: str, **credentials: str) -> None:
        self._program, self._root, self._credentials = program, root, credentials
        self.health, self.metrics = free_port(), free_port()
        self.logs, self.state = root / "logs", root / "state"
        for folder in (self.logs, self.state):
            folder.mkdir(exist_ok=True)
        text = json.dumps(rendered(url, **credentials))
        text = text.replace(LOGS_DIR, str(self.logs)).replace(f'"{STATE_DIR}"', json.dumps(str(self.state)))
        text = text.replace(str(HEALTH_PORT), str(self.health)).replace(str(METRICS_PORT), str(self.metrics))
        made = json.loads(text)
        made["receivers"]["file_log"]["poll_interval"] = "100ms"
        made["exporters"]["otlp_http"] |= {"encoding": "json"}
        made["exporters"]["otlp_http"]["retry_on_failure"] |= {"initial_interval": "100ms", "max_interval": "1s"}
        self.config: dict[str, Any] = made
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it is healthy."""
        file = self._root / "collector.json"
        file.write_text(json.dumps(self.config))
        with (self._root / "collector.out").open("ab") as output:
            command = [str(self._program), f"--config={file}", *FLAGS]
            env = {"PATH": "/usr/bin:/bin", **self._credentials}
            self._process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        eventually(self._healthy, "a healthy Collector", self.said)

    def said(self) -> str:
        """What it printed."""
        return (self._root / "collector.out").read_text()

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it as the kubelet does."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(30) == 0, self.said()

    def _healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        try:
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.health}/", timeout=2).status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def numbers(self) -> dict[str, float]:
        """Its metrics: name -> sum over all labels."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5).read().decode()
        found: dict[str, float] = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, value = line.split("{")[0].split(" ")[0], float(line.rsplit(" ", 1)[1])
                found[name] = found.get(name, 0.0) + value
        return found


class PodLog:
    """The log file of one pod, written by the launcher's own class; lines are numbered."""

    def __init__(self, logs: Path, pod: str, file_bytes: int = 1 << 20, files: int = 50) -> None:
        self.pod, self.count = pod, 0
        limits = LOG_FILE.Limits(file_bytes, files, 1 << 40)
        self._log = LOG_FILE.LogFile(logs / pod / "app.log", limits, print)

    def say(self, lines: int) -> None:
        """Write so many more lines."""
        text = "".join(f"{self.pod} line {self.count + n:06d} {'x' * 60}\n" for n in range(lines))
        self.count += lines
        self._log.add(text.encode())

    def close(self) -> None:
        """Have everything written."""
        self._log.close(10)

    def lines(self) -> list[str]:
        """All lines that were written so far."""
        return [f"{self.pod} line {n:06d} {'x' * 60}" for n in range(self.count)]
