"""Writes a Markdown file as the one sticky comment of a pull request, through `gh api`.

`comment.py --kind plan --body FILE (--number N | --head OWNER:BRANCH --sha SHA)`; GITHUB_REPOSITORY names the
repository. The text may come from a fork: it is cut to size, and nothing in it becomes HTML, a mention or an image.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LIMIT = 60_000
"""GitHub takes 65,536 characters; the marker and the note need some."""
_OPEN = re.compile(r"```[a-z]*")
_CLOSE = re.compile(r"\s*(```|~~~)")
_KEPT = re.compile(r"&lt;(/?details|/?summary|br/?)&gt;")
AUTHOR = "github-actions[bot]"


def clean(text: str) -> str:
    """The text without HTML but folding, mentions and images outside of code blocks; control characters removed.

    A fence counts only at the start of a line after an empty one: anywhere else it may be inside HTML or a quote for
    GitHub, and what follows would not be code. Whatever begins with a fence ends the code.
    """
    text = "".join(char for char in text if char in "\n\t" or char.isprintable())
    lines: list[str] = []
    in_code, after_empty = False, True
    for line in text.splitlines():
        if in_code:
            in_code = not _CLOSE.match(line)
            lines.append(line if in_code else "```")
        elif after_empty and _OPEN.fullmatch(line):
            in_code = True
            lines.append(line)
        else:
            lines.append(harmless(line))
        after_empty = not line.strip()
    return "\n".join([*lines, "```"] if in_code else lines)


def harmless(line: str) -> str:
    """A line outside of code."""
    escaped = line.replace("<", "&lt;").replace(">", "&gt;") if "<" in line else line
    escaped = _KEPT.sub(r"<\1>", escaped)
    return escaped.replace("@", "@&#8203;").replace("![", "&#33;[")


def body(kind: str, text: str, note: str) -> str:
    """The whole comment; its first line is how it is found again."""
    cleaned = clean(text)
    if len(cleaned) > LIMIT:
        cleaned = clean(cleaned[:LIMIT]) + "\n\n... cut; the whole text is in the workflow's artifact."
    return "\n\n".join(filter(None, (f"<!-- kotaemon-{kind} -->", note, cleaned)))


def gh(*arguments: str, data: Any = None) -> Any:
    """What `gh api` answers."""
    command = ["gh", "api", *arguments, *(["--input", "-"] if data is not None else [])]
    text = None if data is None else json.dumps(data)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"gh api {arguments[0]} failed: {done.stderr.strip()}")
    return json.loads(done.stdout or "null")


def number_of(repository: str, head: str, sha: str) -> int | None:
    """The open pull request from this branch at this commit. None: it has moved on, and a newer run will comment.

    Never from the artifact: its author could name any pull request.
    """
    found = gh(f"repos/{repository}/pulls", "--method", "GET", "-f", "state=open", "-f", f"head={head}")
    return next((pull["number"] for pull in found if pull["head"]["sha"] == sha), None)


def main(arguments: list[str]) -> None:
    """Make or change the comment."""
    parser = argparse.ArgumentParser()
    for name in ("--kind", "--body"):
        parser.add_argument(name, required=True)
    for name in ("--number", "--head", "--sha", "--note"):
        parser.add_argument(name, default="")
    options = parser.parse_args(arguments)
    repository = os.environ["GITHUB_REPOSITORY"]
    number = int(options.number) if options.number else number_of(repository, options.head, options.sha)
    if number is None:
        print(f"no open pull request from {options.head} at {options.sha}: nothing to comment")
        return
    text = {"body": body(options.kind, Path(options.body).read_text(errors="replace"), options.note)}
    comments = gh(f"repos/{repository}/issues/{number}/comments", "--method", "GET", "--paginate", "-F", "per_page=100")
    marker = f"<!-- kotaemon-{options.kind} -->"
    old = [c["id"] for c in comments if c["user"]["login"] == AUTHOR and c["body"].startswith(marker)]
    if old:
        gh(f"repos/{repository}/issues/comments/{old[0]}", "--method", "PATCH", data=text)
    else:
        gh(f"repos/{repository}/issues/{number}/comments", "--method", "POST", data=text)
    print(f"commented on #{number}")


if __name__ == "__main__":
    main(sys.argv[1:])
