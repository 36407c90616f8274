"""Measures how long a plan takes, compared with the imports that it cannot avoid: `make bench`.

For every example stack the floor is the import of pulumi and of the SDK modules of the resource types that the stack
registers. A plan of `dev` registers no resource of a cloud, so its floor contains no cloud's SDK. A plan should take at
most LIMIT times its floor. The time also has to grow linearly with the number of claims.

A plan runs without Python's garbage collector and does not free its memory at the end; the floor does both, as any
program that imports the SDKs does. So a plan can take less than its floor.

Plan and floor are measured in processes of their own, alternating. The measure is CPU time (user and system) in
seconds, because other work on the machine changes it less than the time on the clock. The limits are our goals.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RUNS = 3
LIMIT = 1.5
"""The most that a plan may take, as a multiple of its floor."""
STEP = 150
"""Number of claims that are added to a stack file for the first and for the second measurement of growth."""
GROWTH_LIMIT = 2.5
"""The most that 2 * STEP more claims may cost, as a multiple of the cost of STEP more. Linear growth is 2; the rest
is noise of the measurement."""
SDKS = ("pulumi_kubernetes", "pulumi_aws", "pulumi_alicloud")

CLASSES = """
import json, sys
from pulumi.runtime import rpc
from plan import collect, stack_file
run = collect.preview(stack_file.read(sys.argv[1]))
types = {r.type for r in run.registrations if r.custom and not r.type.startswith("pulumi:")}
found = {t: rpc.get_resource_module(*t.split(":")[:2], version="").mod_info for t in types}
print("LIST" + json.dumps(sorted(f"{info['fqn']}.{info['classes'][t]}" for t, info in found.items())))
"""
"""Program that prints the classes of a stack's resources: pulumi_aws.efs.FileSystem for
"aws:efs/fileSystem:FileSystem"."""
PLAN = """
import runpy, sys
sys.argv = ["plan", *sys.argv[1:]]
runpy.run_module("plan", run_name="__main__", alter_sys=True)
"""
"""Program that plans a stack, and ends as `python -m plan` does."""
PLANNED = """
import sys
from plan.cli import main
main(sys.argv[1:])
"""
"""Program that plans a stack and goes on."""
LOADED = """
import json, sys, types
# a module that the SDK loads only when it is used is listed already, but has another class
print("LIST" + json.dumps([name for name, module in sys.modules.items() if type(module) is types.ModuleType]))
"""
ELSEWHERE = """
import sys
from pathlib import Path
from plan import stack_file
stack_file.ROOT = Path(sys.argv.pop(1))
"""
"""In front of PLAN: the first argument is the folder of the stack files and of Pulumi.yaml."""


def seconds(*arguments: str) -> float:
    """CPU time in seconds of one run of this interpreter in the project's folder. Raises CalledProcessError."""
    started = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in (0, 3):  # 3: the plan was made, and its cost is above the budget
        raise subprocess.CalledProcessError(started.returncode, arguments)
    return used.ru_utime + used.ru_stime


def listed(code: str, *arguments: str) -> list[str]:
    """The list that a program prints as its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.rpartition("LIST")[2])


def sdk_modules(code: str, *arguments: str) -> set[str]:
    """The services and API versions of the SDKs that a program has loaded when it ends."""
    loaded = [name for name in listed(code, *arguments) if name.startswith(SDKS)]
    # A service is a package: the names of its modules begin with its own name.
    return {name.rpartition(".")[0] for name in loaded} - {*SDKS, ""}


def ratio(stack: str, out: str) -> float:
    """Time of a stack's plan divided by its floor, by the medians.

    Prints both, and SDK modules that the floor lacks.
    """
    classes = listed(CLASSES, stack)
    # The module of a service is lazy: importing it does not load it, using one of its classes does.
    floor = "\n".join(["import pulumi", *(f"import {name.rpartition('.')[0]}; {name}" for name in classes)])
    plan = ("-m", "plan", "plan", "--stack", stack, "--out", out)
    pairs = [(seconds("-c", floor), seconds(*plan)) for _ in range(RUNS)]
    least, taken = (statistics.median(column) for column in zip(*pairs, strict=True))
    sys.stdout.write(f"{stack}: floor {least:.2f} s, plan {taken:.2f} s: ratio {taken / least:.2f} (limit {LIMIT})\n")
    beyond = sdk_modules(PLANNED + LOADED, *plan[2:]) - sdk_modules(floor + LOADED)
    if beyond:
        sys.stdout.write(f"    imported beyond the floor: {', '.join(sorted(beyond))}\n")
    return taken / least


def growth(folder: Path) -> float:
    """Cost of 2 * STEP more claims divided by the cost of STEP more."""
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    sizes = (0, STEP, 2 * STEP)
    for more in sizes:
        (folder / f"Pulumi.more-{more}.yaml").write_text(stack_file(more))
    arguments = [("plan", "--stack", f"more-{more}", "--out", str(folder)) for more in sizes]
    runs = [[seconds("-c", ELSEWHERE + PLAN, str(folder), *given) for given in arguments] for _ in range(RUNS)]
    none, one, two = (statistics.median(column) for column in zip(*runs, strict=True))
    found = (two - none) / (one - none)
    sys.stdout.write(
        f"growth: {STEP} claims more {one - none:+.2f} s, {2 * STEP} more {two - none:+.2f} s: "
        f"ratio {found:.2f} (2 is linear, limit {GROWTH_LIMIT})\n"
    )
    return found


def stack_file(more: int) -> str:
    """A stack file of platform private with two claims for the roles, and `more` unused claims."""
    claims = {"files": nfs("files"), "disk": {"kind": "storage-class", "storageClass": "fast", "size": "10Gi"}}
    claims |= {f"more-{number}": nfs(f"more-{number}") for number in range(more)}
    roles = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}
    roles |= {role: {"claim": "disk"} for role in ("indexes", "sessions")}
    config = {"kotaemon:platform": "private", "kotaemon:storage": {"claims": claims, "roles": roles}}
    return yaml.safe_dump({"config": config})


def nfs(folder: str) -> dict[str, str]:
    """A claim on a folder of an NFS server."""
    return {"kind": "nfs", "server": "nfs.example.org", "path": f"/srv/{folder}"}


def main() -> int:
    """Print every ratio. The exit code is 1 when one is above its limit."""
    stacks = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        ratios = [ratio(stack, folder) for stack in stacks]
        grows = growth(Path(folder))
    return 0 if max(ratios) <= LIMIT and grows <= GROWTH_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
