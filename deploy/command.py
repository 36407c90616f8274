"""The program `pulumi`, run so that Ctrl-C is ours to pass on."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any

from pulumi import automation as auto
from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

Told = Callable[[str], Any]
GRACE_SECONDS = 10.0
"""After the second Ctrl-C, before the engine is killed: it writes its state in less than a second."""


class Command(auto.PulumiCommand):
    """As PulumiCommand, in a session of its own: the terminal sends Ctrl-C to this process alone.

    The SDK's own `run` returns on Ctrl-C while the engine still writes its state, and takes the program away from it.
    """

    process: subprocess.Popen[str] | None = None
    """What runs now."""

    @classmethod
    def known(cls, root: Path, version: VersionInfo) -> "Command":
        """The program in `bin` of a folder, of a known version: it would take a fifth of a second to say it."""
        made = cls.__new__(cls)
        made.command, made.version = str(root / "bin" / "pulumi"), version
        return made

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Told | None = None,
        on_error: Told | None = None,
    ) -> CommandResult:
        """One call of the command line; what it says. Raises CommandError."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self.process = process
            readers = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
            for reader in readers:
                reader.join()
            code = process.wait()
        self.process = None
        stdout, stderr = ("\n".join(reader.lines) for reader in readers)
        result = CommandResult(stdout, stderr, code)
        if code != 0:
            raise create_command_error(result)
        return result


class _Reader(threading.Thread):
    """Reads one of the two streams to its end: the other one must not fill up meanwhile."""

    def __init__(self, stream: IO[str] | None, told: Told | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._told = stream, told
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._stream or ():
            self.lines.append(line.rstrip())
            if self._told:
                self._told(self.lines[-1])


class Interrupts:
    """Ctrl-C within a `with` block: the first cancels what the engine does, the second ends it.

    `heard` says how often it was pressed. Only the main thread gets signals; elsewhere the block changes nothing.
    """

    def __init__(self, command: Command, tell: Callable[[str], None]) -> None:
        self._command, self._tell = command, tell
        self.heard = 0
        self._before: Any = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.heard += 1
        process = self._command.process
        if process is None:
            raise KeyboardInterrupt
        # The engine understands both: it cancels at the first, and ends at the second.
        process.send_signal(signal.SIGINT)
        if self.heard == 1:
            self._tell("Cancelling: what has begun is finished or given up. Ctrl-C again ends it at once.")
        elif self.heard == 2:
            threading.Timer(GRACE_SECONDS, process.kill).start()
        else:
            process.kill()
