"""Programs on PATH that behave like `pulumi`, `gh` and `aws` as far as the scripts use them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from plan.stack_file import ROOT

SCRIPTS = ROOT / ".github" / "scripts"

PULUMI = """#!{python}
import json, os, signal, sys, time
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
def stop(*_):
    print("cancelled, state written")
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
print(os.environ.get("SAYS", ""), flush=True)
if os.environ.get("WAITS"):
    open(os.environ["WAITS"], "w").close()
    time.sleep(60)
sys.exit(int(os.environ.get("CODE", "0")))
"""
GH = """#!{python}
import json, os, sys
arguments = sys.argv[1:]
data = json.load(sys.stdin) if "--input" in arguments else None
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([arguments, data]) + "\\n")
answers = json.load(open(os.environ["ANSWERS"]))
method = arguments[arguments.index("--method") + 1]
key = method + " " + arguments[1]
if key not in answers:
    sys.exit("HTTP 404: " + key)
print(json.dumps(answers[key]))
"""
AWS = """#!{python}
import sys
open(sys.argv[sys.argv.index("--kubeconfig") + 1], "w").write(" ".join(sys.argv[1:5]))
"""


class Bench:
    """A folder with fakes on PATH, in which scripts run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls_file = folder / "calls"
        tools = folder / "tools"
        tools.mkdir()
        for name, text in (("pulumi", PULUMI), ("gh", GH), ("aws", AWS)):
            file = tools / name
            file.write_text(text.replace("{python}", sys.executable))
            file.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "CALLS": str(self.calls_file),
            "ANSWERS": str(folder / "answers.json"),
            "GITHUB_REPOSITORY": "owner/repository",
        }

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script in the folder."""
        return subprocess.run(
            [sys.executable, str(SCRIPTS / script), *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def answers(self, answers: dict[str, Any]) -> None:
        """What `gh api` answers: `METHOD path` -> JSON."""
        (self.folder / "answers.json").write_text(json.dumps(answers))

    def calls(self) -> list[Any]:
        """What the fakes were called with."""
        return [json.loads(line) for line in self.calls_file.read_text().splitlines()]
