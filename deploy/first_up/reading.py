"""Calls to a cloud that only read, by the cloud's own command line: `aws` or `aliyun`.

Those programs have the credentials and the endpoints of whoever runs them, and no package is needed for them
(docs/decisions/0036-a-first-up-is-checked-by-the-clouds-own-command-lines.md).
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

READS = ("Describe", "Get", "List", "Simulate")
"""First words of operations that change nothing. Any other one is refused before a program is started."""
SECONDS = 120
"""For one call; the list of database classes of AWS has several pages."""
_ABSENT = re.compile(r"ResourceNotFound|NoSuchEntity|NotFoundException|EntityNotExist|NotFound", re.IGNORECASE)
_DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|Forbidden|NoPermission|not authorized", re.IGNORECASE)


class NotRead(Exception):
    """A call gave no answer; the text says why."""


class Absent(NotRead):
    """There is no such thing in the account."""


class Read(Protocol):
    """One call to a cloud: its answer. Raises NotRead."""

    def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        """`operation`: as the cloud's API names it, DescribeCluster. `parameters`: as the API names them."""
        ...


def require_read(operation: str) -> None:
    """Raises ValueError for an operation that may change something: no check can be written with one."""
    if not operation.startswith(READS):
        raise ValueError(f"{operation} is not an operation that only reads; allowed: {', '.join(READS)}")


def kebab(operation: str) -> str:
    """Name of an operation on the command line of AWS: DescribeDBInstances -> describe-db-instances."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", operation)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", spaced).lower()


class AwsCli:
    """`aws`, for one region, as the provider of the stack would act."""

    def __init__(self, region: str, credentials: Sequence[str] = (), program: str = "aws") -> None:
        """`credentials`: options that say who acts, such as `--profile name`."""
        self._always = ["--region", region, *credentials, "--output", "json"]
        self._program = program

    def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call. The parameters go in as JSON, in the names of the API. Raises NotRead."""
        require_read(operation)
        given = ["--cli-input-json", json.dumps(parameters)] if parameters else []
        return run([self._program, service, kebab(operation), *given, *self._always])


class AliyunCli:
    """`aliyun`, for one region."""

    def __init__(self, region: str, credentials: Sequence[str] = (), program: str = "aliyun") -> None:
        """`credentials`: options that say who acts, such as `--profile name`."""
        self._always = ["--region", region, *credentials]
        self._program = program

    def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call. Container Service is asked by path (Alibaba Cloud CLI, "Command syntax": ROA), which is the
        parameter `path`; all others by the name of the operation. Raises NotRead."""
        require_read(operation)
        if path := parameters.pop("path", ""):
            return run([self._program, service, "GET", path, *self._always])
        given = [word for name, value in parameters.items() for word in (f"--{name}", str(value))]
        return run([self._program, service, operation, *given, *self._always])


def run(command: Sequence[str]) -> Any:
    """Run a program without a shell and without input, and read its answer. Raises NotRead."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            # Version 2 of `aws` pipes what it says to a pager; version 1 knows no option against it.
            env={**os.environ, "AWS_PAGER": ""},
        )
    except FileNotFoundError:
        raise NotRead(f"the program {command[0]} is not on PATH; install it and log in with it") from None
    except subprocess.TimeoutExpired:
        raise NotRead(f"no answer within {SECONDS} s") from None
    if done.returncode != 0:
        raise refusal(done.stderr or done.stdout)
    try:
        return json.loads(done.stdout or "{}")
    except ValueError:
        raise NotRead("the answer is not JSON") from None


def refusal(text: str) -> NotRead:
    """The error for what a program says when it fails: the line that names the error, else the last one (`aws` begins
    with its usage)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if _DENIED.search(line) or _ABSENT.search(line)), "".join(lines[-1:]))
    if _DENIED.search(line):
        return NotRead(f"the credentials may not: {line}")
    return Absent(line) if _ABSENT.search(line) else NotRead(line or "the program failed without a word")


def options(cloud: str, config: Mapping[str, str]) -> list[str]:
    """Options that make a command line act as the provider does: Pulumi's own `aws:profile` or `alicloud:profile`."""
    profile = config.get(f"{cloud}:profile")
    return ["--profile", profile] if profile else []
