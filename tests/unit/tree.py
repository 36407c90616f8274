"""The files of the repository, for tests that read all of them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[str, ...]:
    """Paths of all files that are tracked, or would be: nothing that .gitignore names. Sorted, from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted(name for name in listed if name and (ROOT / name).is_file()))
