"""How long a plan of the biggest stack takes, against the time of importing the SDKs it uses. `make bench`.

Both are measured in one run, each in processes of their own, alternating: the ratio is what counts, not the seconds.
The limit of 1.5 is the project's own (issue 9).
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STACK = "aws-scaled"
RUNS = 5
LIMIT = 1.5
MODULES = "import json, sys, runpy\nsys.argv = ['runner', 'plan', '--stack', sys.argv[1], '--out', sys.argv[2]]\n"
USED = """
try:
    runpy.run_module("runner", run_name="__main__")
except SystemExit:
    pass
names = [n for n in sys.modules if n.split(".")[0] in ("pulumi", "pulumi_kubernetes", "pulumi_aws", "pulumi_alicloud")]
print("MODULES" + json.dumps(names))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in the project's folder."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)


def seconds(*arguments: str) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    python(*arguments)
    return time.perf_counter() - began


def main() -> int:
    """Print both medians and the ratio; 1 when it is over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder))
        listed = python("-c", MODULES + USED, STACK, out).stdout.rpartition("MODULES")[2]
        imports = f"import importlib, json\nfor name in json.loads({listed.strip()!r}): importlib.import_module(name)"
        pairs = [
            (seconds("-c", imports), seconds("-m", "runner", "plan", "--stack", STACK, "--out", out))
            for _ in range(RUNS)
        ]
    sdk, plan = (statistics.median(column) for column in zip(*pairs, strict=True))
    sys.stdout.write(
        f"importing the SDKs {sdk:.2f} s, plan of {STACK} {plan:.2f} s: ratio {plan / sdk:.2f} (limit {LIMIT})\n"
    )
    return 0 if plan <= LIMIT * sdk else 1


if __name__ == "__main__":
    sys.exit(main())
