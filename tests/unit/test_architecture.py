"""The imports in the code are those of the two pictures in docs/ARCHITECTURE.md: the picture is the rule."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.tree import ROOT, files

PAGE = ROOT / "docs" / "ARCHITECTURE.md"
OUTSIDE = {"tests", "examples", "benchmarks"}
"""Folders with Python that no picture holds: nothing imports them."""
NODE = r'(\w+)(?:\["([^"]+)"\])?'


@dataclass(frozen=True)
class Picture:
    """Which box a folder is in, and which boxes an arrow leads to."""

    box_of: dict[str, str]
    arrows: dict[str, set[str]]

    def reached(self, box: str) -> set[str]:
        """Boxes that an import may lead to: over any number of arrows."""
        found: set[str] = set()
        todo = [box]
        while todo:
            new = self.arrows.get(todo.pop(), set()) - found
            found |= new
            todo += new
        return found

    def allows(self, source: str, target: str) -> bool:
        """Whether the folder `source` may import the folder `target`."""
        return source == target or self.box_of[target] in self.reached(self.box_of[source])


def pictures() -> list[Picture]:
    return [drawn(block) for block in re.findall(r"```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL)]


def drawn(block: str) -> Picture:
    """Read `a --> b` and `a["one, two"] --> b`: a box with a text holds the folders in it, one without is a folder."""
    names: dict[str, str] = {}
    arrows: dict[str, set[str]] = {}
    for source, source_text, target, target_text in re.findall(rf"^ *{NODE} --> {NODE}$", block, re.MULTILINE):
        arrows.setdefault(source, set()).add(target)
        for box, text in ((source, source_text), (target, target_text)):
            names[box] = text or names.get(box, box)
    return Picture({folder: box for box, text in names.items() for folder in text.split(", ")}, arrows)


HOUSE, COMPONENTS = pictures()


def modules() -> Iterator[tuple[Path, str]]:
    """Every Python file inside a folder of the project, and its dotted name."""
    for name in files():
        parts = Path(name).with_suffix("").parts
        if name.endswith(".py") and len(parts) > 1 and not name.startswith((".", *(f"{o}/" for o in OUTSIDE))):
            yield ROOT / name, ".".join(parts)


def imported(path: Path, name: str) -> Iterator[str]:
    """Dotted names that a file imports, relative ones resolved."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def folder(name: str) -> str:
    """The folder of a module in the first picture; the contract is a box of its own."""
    return "contract" if name.startswith("components.contract") else name.split(".")[0]


def part(name: str) -> str:
    """The part of components/ that a module belongs to."""
    return name.split(".")[1]


def forbidden(picture: Picture, imports: list[tuple[str, str, str, str]]) -> list[str]:
    """One line for each import that no arrow allows."""
    return [
        f"{name} imports {target}: no arrow leads from {source} to {reached}"
        for name, target, source, reached in imports
        if source in picture.box_of and reached in picture.box_of and not picture.allows(source, reached)
    ]


def test_folders_import_only_what_their_arrows_lead_to() -> None:
    imports = [(name, t, folder(name), folder(t)) for path, name in modules() for t in imported(path, name)]
    assert len(imports) > 500
    assert "\n".join(forbidden(HOUSE, imports)) == "", (
        "draw the arrow in docs/ARCHITECTURE.md, with its reason, or turn it"
    )


def test_parts_of_components_import_only_what_lies_lower() -> None:
    imports = [
        (name, target, part(name), part(target))
        for path, name in modules()
        if name.startswith("components.")
        for target in imported(path, name)
        if target.startswith("components.") and target.count(".") > 1
    ]
    assert len(imports) > 50
    assert "\n".join(forbidden(COMPONENTS, imports)) == "", "what two things need goes one box down"


def test_every_folder_is_in_a_picture_and_every_box_is_there() -> None:
    houses = {folder(name) for _, name in modules()}
    assert houses == set(HOUSE.box_of)
    parts = {part(name) for _, name in modules() if name.startswith("components.")} - {"__init__"}
    assert parts == set(COMPONENTS.box_of)


@pytest.mark.parametrize("picture", [HOUSE, COMPONENTS], ids=["house", "components"])
def test_arrows_never_lead_in_a_circle(picture: Picture) -> None:
    assert [box for box in picture.arrows if box in picture.reached(box)] == []


@pytest.mark.parametrize(("source", "target", "allowed"), [
    ("drills", "contract", True),
    ("contract", "components", False),
    ("guard", "estimate", False),
    ("plugin", "stacks", False),
    ("stacks", "stacks", True),
])  # fmt: skip
def test_the_picture_is_read_as_it_is_drawn(source: str, target: str, allowed: bool) -> None:
    assert HOUSE.allows(source, target) is allowed
