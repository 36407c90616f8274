"""The result of a drill, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Result:
    """The result of one drill, or of one case of it."""

    name: str
    facts: dict[str, str] = field(default_factory=dict[str, str])
    """What was measured, in the order of the record's columns."""
    problems: list[str] = field(default_factory=list[str])
    """Why the drill is red. Empty: it is green."""

    @property
    def green(self) -> bool:
        """Whether nothing went wrong."""
        return not self.problems

    @property
    def line(self) -> str:
        """The result in one line."""
        facts = ", ".join(f"{key} {value}" for key, value in self.facts.items() if value)
        return f"{'ok  ' if self.green else 'FAIL'} {self.name}: {'; '.join([*self.problems, facts])}"


def judged(name: str, facts: Mapping[str, str], problems: Sequence[str], turns: int, lost: set[int]) -> Result:
    """The result of a drill with a session: with its turns, and red when acknowledged ones are lost."""
    more = [f"{len(lost)} of {turns} acknowledged turns are lost"] if lost else []
    return Result(name, {**facts, "turns": str(turns), "lost": str(len(lost))}, [*problems, *more])


def seconds(value: float | None) -> str:
    """A time in seconds as text, for the record."""
    return "-" if value is None else f"{value:.1f} s"


def markdown_table(results: Sequence[Result]) -> str:
    """Results with the same facts as one Markdown table."""
    columns = list(dict.fromkeys(key for result in results for key in result.facts))
    head = ["drill", *columns, "verdict"]
    rows = [[r.name, *(r.facts.get(c, "") for c in columns), "; ".join(r.problems) or "as promised"] for r in results]
    return "\n".join(_row(cells) for cells in [head, ["---"] * len(head), *rows])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def versions_table(versions: Mapping[str, str]) -> str:
    """Names and versions as a Markdown table."""
    return "\n".join(["| part | version |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in versions.items())])
