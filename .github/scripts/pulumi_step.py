"""Runs one pulumi command for a stack, with the policy pack, and redacts its output: `pulumi_step.py KIND STACK OUT`.

KIND: preview (never changes anything), deploy (`pulumi up`), drift (state against the cloud, changes nothing). Writes
`OUT/<stack>.md` for a comment. Exit code: that of pulumi; drift: 0 none, 3 drift, else that of pulumi.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from redact import redact

COMMON = ["--color", "never", "--non-interactive", "--suppress-progress", "--diff"]
CONFIG = Path("policy.json")
"""Configuration of the policy rules, for `make plan` too; it need not exist."""
DRIFT = 3
DRIFT_TEXT = re.compile(r"no changes were expected( for \w+)? but changes were proposed")
"""pulumi's error for --expect-no-changes (pkg/backend/backenderr)."""
LIMIT = 50_000


def command(kind: str, stack: str) -> list[str]:
    """The command line."""
    if kind == "drift":
        return ["pulumi", "refresh", "--stack", stack, "--preview-only", "--expect-no-changes", *COMMON]
    policy = ["--policy-pack", "policy/pack"] + (["--policy-pack-config", str(CONFIG)] if CONFIG.exists() else [])
    if kind == "preview":
        return ["pulumi", "preview", "--stack", stack, *COMMON, *policy]
    if kind == "deploy":
        return ["pulumi", "up", "--stack", stack, "--yes", *COMMON, *policy]
    raise SystemExit(f"{kind!r} is not allowed; allowed: preview, deploy, drift")


def run(arguments: list[str]) -> tuple[int, str]:
    """Run it and print each redacted line at once. Exit code and output.

    A cancelled job gets SIGINT or SIGTERM: pulumi gets SIGINT, ends the resources under way and writes its state. A
    killed one would leave resources that no state knows.
    """
    lines: list[str] = []
    # A session of its own: a second SIGINT would make pulumi drop everything, so only the first one is passed on.
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(arguments, start_new_session=True, **options) as started:
        asked: list[int] = []

        def stop(number: int, _frame: object) -> None:
            if not asked:
                started.send_signal(signal.SIGINT)
            asked.append(number)

        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, stop)
        for line in started.stdout or ():
            lines.append(redact(line))
            sys.stdout.write(lines[-1])
            sys.stdout.flush()
    return started.returncode, "".join(lines)


def as_diff(text: str) -> str:
    """Signs of the diff at the start of the line, where a ```diff block colours them."""
    lines: list[str] = []
    for line in text.splitlines():
        sign = line.lstrip()[:1]
        moved = {"+": "+", "-": "-", "~": "!"}.get(sign)
        indent = len(line) - len(line.lstrip())
        lines.append(f"{moved}{' ' * indent}{line.lstrip()[1:]}" if moved and indent else line)
    return "\n".join(lines)


def markdown(kind: str, stack: str, code: int, text: str) -> str:
    """For a comment. The end is what counts: the summary is there."""
    shown = text if len(text) <= LIMIT else "... cut\n" + text[-LIMIT:]
    state = "ok" if code == 0 else f"failed, exit code {code}"
    # A line of the output must not end the block.
    return f"### {kind} of `{stack}`: {state}\n\n```diff\n{as_diff(shown).replace('```', '` ` `')}\n```\n"


def main(arguments: list[str]) -> int:
    """Run one step."""
    kind, stack, folder = arguments[0], arguments[1], Path(arguments[2])
    code, text = run(command(kind, stack))
    if kind == "drift" and code and DRIFT_TEXT.search(text):
        code = DRIFT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stack}.md").write_text(markdown(kind, stack, code, text))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
