"""Finds what the texts of the repository refer to, and says which references lead nowhere.

1. A Markdown link leads to a file or folder, from the folder of its page; its `#anchor` is a heading there.
2. A path with a folder in it (`docs/stores.md`, `components/block/`) is there, from the root or from the folder of the file
   that names it. Only paths whose first folder is, or was, one of ours are followed; `*` and `<name>` stand for anything.
   A file of another repository is written after its name: `aws-ebs-csi-driver docs/parameters.md`.
3. A page is named with its folder: a bare `stores.md` is right only beside that page.
4. A number or "chapter N" after a page is a numbered heading of it: `docs/facts/storage.md 5.2`.
5. `"A heading" in docs/PAGE.md` is a heading of that page.
6. `python -m <module>` can be run.
7. "issue 8" says nothing to who does not have that tracker: write `owner/repository#8`.

Of a Python file comments and docstrings are read, and outside of tests all other strings too, without rule 3: they are often
the bare name of a file. Of other files everything is read.
"""

import ast
import fnmatch
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from tests.unit.tree import ROOT, files

SKIPPED = (
    "docs/facts/",  # cites files of other repositories by their own paths; its links are followed all the same
    "CHANGELOG.md",  # says what is gone
    "tests/unit/upgrade/v",  # stack files as they once were
    "tests/unit/plan/golden/",
    "tests/unit/components/kotaemon/snapshots/",
    ".gitignore",
    "plugin/schema.json",  # generated from docstrings that are read themselves
    "stacks/schema.json",
    "LICENSE",
    "tests/unit/references.py",  # the examples above
    "tests/unit/test_references.py",
    "docs/STYLE.md",  # its column "before"; its links are followed all the same
)
NOT_TEXT = (".lock", ".sum", ".mod")
ONCE_OURS = {"facts", "runner"}
"""Folders that are not there any more, or never were: who names them means one of ours."""
OTHERS = {"pytest", "pip", "venv", "uv", "build"}
"""Modules of other projects that are run by `python -m`."""
MADE = ("build/", "sdks/", "policy/pack/venv", "plugin/venv")
"""Written by a command, so not in the tree."""

PATH = re.compile(r"(?<![\w/.@:~$}\])-])(?<!\]\()(\.?[A-Za-z_][\w.*<>-]*/[\w.*<>/-]*[\w*>/])")
API = re.compile(r"[\w.]+/v\d+(?:(?:alpha|beta)\d+)?")
"""A version of a Kubernetes API, such as policy/v1."""
PAGE = re.compile(r"(?<![\w/.@$>-])(?<!\]\()([\w-]+\.md)\b")
FOREIGN = re.compile(r"(?:[a-z0-9]+-[a-z0-9-]+|pulumi|kubelet|nfs-utils)[:,]? \(?$")
"""What stands before the path of a file in another repository: the name of that repository."""
CHAPTER = re.compile(
    r"([\w./-]+\.md)(?:[`)\]]*(?:\([^)]*\))?)(?:,? chapters? | )(\d+)(?:\.(\d+))?\b(?!\s*(?:lines?|of)\b)"
)
QUOTED = re.compile(r'"([^"\n]+)" in ([\w./-]+\.md)')
MODULE = re.compile(r"python3? -m ([a-z_]+(?:\.[a-z_]+)*)")
ISSUE = re.compile(r"(?<![\w/#-])issue (\d+)\b", re.IGNORECASE)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading: lower case, no punctuation, hyphens for spaces."""
    text = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@cache
def headings(page: str) -> tuple[str, ...]:
    """The headings of a page, without their marks."""
    text = FENCE.sub("", (ROOT / page).read_text())
    return tuple(re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE))


@cache
def folders() -> frozenset[str]:
    """Every folder that holds a file of the tree."""
    return frozenset(str(parent) for name in files() for parent in PurePosixPath(name).parents if str(parent) != ".")


def is_there(path: str) -> bool:
    """Whether a path from the root, maybe with `*`, is a file or a folder."""
    known = folders().union(files())
    if "*" in path:
        return bool(fnmatch.filter(known, path))
    return path in known


def resolve(path: str, holder: str) -> str:
    """A path as seen from the folder of `holder`, from the root."""
    parts: list[str] = list(PurePosixPath(holder).parent.parts)
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                return path
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def texts(name: str) -> Iterator[tuple[int, str, bool]]:
    """What a reader of the file reads, in pieces: first line's number, text, and whether it is prose."""
    content = (ROOT / name).read_text()
    if not name.endswith(".py"):
        yield 1, content, True
        return
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string, True
    nodes = list(ast.walk(ast.parse(content)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            prose = id(node) in docstrings
            if prose or not name.startswith("tests/"):
                yield node.lineno, node.value, prose


def broken_links(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Rule 1, with the offset of each."""
    for match in LINK.finditer(FENCE.sub(lambda fence: " " * len(fence[0]), text)):
        target = match[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        path = path.removeprefix("../blob/main/") if path.startswith("../blob/main/") else resolve(path, name)
        page = path if path and target[0] != "#" else name
        if page and not is_there(page.rstrip("/")):
            yield match.start(), f"link to {target}: no such file"
        elif anchor and anchor not in [slug(heading) for heading in headings(page)]:
            yield match.start(), f"link to {target}: no such heading"


def broken_paths(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Rule 2."""
    ours = {folder.split("/")[0] for folder in folders()} | ONCE_OURS
    for match in PATH.finditer(text):
        path = re.sub(r"<[^>]*>", "*", match[1]).rstrip("/.")
        if path.split("/")[0] not in ours or path.startswith(MADE) or API.fullmatch(path):
            continue
        if not FOREIGN.search(text[: match.start()]) and not is_there(path) and not is_there(resolve(path, name)):
            yield match.start(), f"{match[1]}: no such file or folder"


def broken_pages(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Rule 3."""
    for match in PAGE.finditer(text):
        page = match[1]
        if not is_there(page) and not is_there(resolve(page, name)) and not FOREIGN.search(text[: match.start()]):
            yield match.start(), f"{page}: no such page beside this file; name its folder"


def broken_words(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Rules 4 to 7."""
    for match in CHAPTER.finditer(text):
        page = next((p for p in (match[1], resolve(match[1], name), f"docs/{match[1]}") if is_there(p)), None)
        number = match[2] + (f".{match[3]}" if match[3] else "")
        if page and not any(re.match(rf"{re.escape(number)}[. ]", heading) for heading in headings(page)):
            yield match.start(), f"{match[0]}: {page} has no chapter {number}"
    for match in QUOTED.finditer(text):
        if is_there(match[2]) and match[1] not in headings(match[2]):
            yield match.start(), f"{match[0]}: no such heading"
    for match in MODULE.finditer(text):
        path = match[1].replace(".", "/")
        if match[1] not in OTHERS and not is_there(f"{path}.py") and not is_there(f"{path}/__main__.py"):
            yield match.start(), f"{match[0]}: no such module"
    for match in ISSUE.finditer(text):
        yield match.start(), f"{match[0]}: of which tracker? Write owner/repository#{match[1]}"


def broken(name: str) -> list[str]:
    """One line for each reference of a file that leads nowhere."""
    if name.endswith(NOT_TEXT):
        return []
    found: dict[str, None] = {}
    for first, text, prose in texts(name):
        rules = [broken_links] if name.endswith(".md") else []
        if not name.startswith(SKIPPED):
            rules += [broken_paths, broken_words, *([broken_pages] if prose else [])]
        for rule in rules:
            for offset, what in rule(name, text):
                found[f"{name}:{first + text.count(chr(10), 0, offset)}: {what}"] = None
    return list(found)
