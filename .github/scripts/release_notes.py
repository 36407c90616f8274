"""Writes the notes of the release that pyproject.toml names, and prints its tag.

    release_notes.py OUT

The notes are the section `## <version>` of CHANGELOG.md, without its heading. Nothing is written when the section is
missing or empty, or when the tag is there already.
"""

import re
import subprocess
import sys
from pathlib import Path


def version(pyproject: str) -> str:
    """The version in the text of pyproject.toml. A regular expression, because tomllib came with Python 3.11."""
    found = re.search(r'^version = "([^"]+)"$', pyproject, re.MULTILINE)
    if not found:
        sys.exit('error: pyproject.toml has no line `version = "..."`')
    return found[1]


def section(changelog: str, of: str) -> str:
    """The text below the heading `## <of>`, which a date may follow, up to the next heading of that level."""
    found = re.search(rf"^## {re.escape(of)}(?: [^\n]*)?$\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if not found:
        sys.exit(f"error: CHANGELOG.md has no section `## {of}`; rename `## Unreleased` before the release")
    if not found[1].strip():
        sys.exit(f"error: the section `## {of}` of CHANGELOG.md is empty")
    return found[1].strip() + "\n"


def main() -> None:
    """Check, then write."""
    if len(sys.argv) != 2:
        sys.exit("usage: release_notes.py OUT")
    number = version(Path("pyproject.toml").read_text())
    notes = section(Path("CHANGELOG.md").read_text(), number)
    tag = f"v{number}"
    if subprocess.run(["git", "tag", "--list", tag], capture_output=True, text=True, check=True).stdout:
        sys.exit(f"error: the tag {tag} is there already; raise `version` in pyproject.toml")
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(notes)
    print(tag)


if __name__ == "__main__":
    main()
