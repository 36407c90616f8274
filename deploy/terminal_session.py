"""A command in a container with this terminal as its own, as `kubectl exec -it` has it, without kubectl."""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Generator, Sequence
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.stream import stream
from kubernetes.stream.ws_client import RESIZE_CHANNEL, STDIN_CHANNEL, V5_CHANNEL_PROTOCOL

_STDIN = 0
_LOOK_SECONDS = 0.2
_CHUNK = 4096


def run(api: ApiClient, namespace: str, pod: str, container: str, command: Sequence[str]) -> int:
    """Run it until it ends; its exit code. Without a terminal, standard input is passed on until its end."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    # The stream client changes the ApiClient that it is given: a copy.
    session: Any = stream(
        CoreV1Api(ApiClient(api.configuration)).connect_get_namespaced_pod_exec,
        pod,
        namespace,
        container=container,
        command=list(command),
        stdin=True,
        stdout=True,
        stderr=True,
        tty=terminal,
        _preload_content=False,
    )
    try:
        with contextlib.ExitStack() as stack:
            if terminal:
                stack.enter_context(_raw())
                stack.enter_context(_resized(session))
            _pass_on(session)
    finally:
        session.close()
    return int(session.returncode or 0)


def _pass_on(session: Any) -> None:
    """Bytes both ways until the command ends."""
    open_input = True
    while session.is_open():
        connection = session.sock.sock
        wanted = [connection, *([_STDIN] if open_input else [])]
        # What the TLS layer has read already does not make the connection readable.
        ready = _readable(wanted, 0.0 if connection.pending() else _LOOK_SECONDS)
        if _STDIN in ready:
            content = os.read(_STDIN, _CHUNK)
            if content:
                session.write_stdin(content.decode(errors="replace"))
            else:
                open_input = False
                _end_input(session)
        session.update(timeout=0)
        for read, target in ((session.read_stdout, sys.stdout), (session.read_stderr, sys.stderr)):
            if text := read(timeout=0):
                target.write(text)
                target.flush()


def _end_input(session: Any) -> None:
    if session.subprotocol == V5_CHANNEL_PROTOCOL:
        session.close_channel(STDIN_CHANNEL)
    else:
        # The protocol before version 5 has no end of input: a shell ends at its own word.
        session.write_stdin("exit\n")


def _readable(wanted: Sequence[Any], seconds: float) -> list[Any]:
    try:
        return select.select(wanted, [], [], seconds)[0]
    except InterruptedError:
        return []


@contextlib.contextmanager
def _raw() -> Generator[None]:
    """Every key goes to the container, Ctrl-C among them."""
    before = termios.tcgetattr(_STDIN)
    try:
        tty.setraw(_STDIN)
        yield
    finally:
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resized(session: Any) -> Generator[None]:
    """The container knows the size of the terminal, also when it changes."""

    def tell(*_: object) -> None:
        size = shutil.get_terminal_size()
        session.write_channel(RESIZE_CHANNEL, json.dumps({"Width": size.columns, "Height": size.lines}))

    before = signal.signal(signal.SIGWINCH, tell)
    try:
        tell()
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
