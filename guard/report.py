"""What the guard found, and how it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from guard.rules import RULES, Severity


@dataclass(frozen=True)
class Verdict:
    """A rule that applies."""

    rule: str
    severity: Severity
    role: str
    """The roles it is about, joined by a comma; empty: the pod as a whole."""
    claim: str
    """Name of the claim in the stack file; empty: none in particular."""
    message: str
    """Why."""
    fix: str
    """What to change in the stack file."""
    source: str
    """Address of the documentation, or issue."""
    overridden: str = ""
    """The reason of the override, when there is one."""

    @property
    def line(self) -> str:
        """The verdict in one line, without the fix."""
        where = [f"role {self.role}"] if self.role else []
        where += [f"claim {self.claim}"] if self.claim else []
        return f"{self.rule}{''.join(f', {part}' for part in where)}: {self.message}"


class GuardRefused(Exception):
    """The guard refuses the stack; nothing was created. The message lists every refusal, and what to change."""

    exit_code = 2

    def __init__(self, file: str, report: "Report") -> None:
        self.verdicts = report.refusals
        reasons = "1 reason" if len(self.verdicts) == 1 else f"{len(self.verdicts)} reasons"
        lines = [f"{file}: refused by the guard for {reasons}, nothing was created:"]
        for verdict in self.verdicts:
            lines += [f"  - {verdict.line}", f"    change {verdict.fix}", f"    see {verdict.source}"]
            if not RULES[verdict.rule].final:
                lines.append(f"    or take the risk: kotaemon:overrides.{verdict.rule}: <your reason>")
        lines += [f"  overridden: {verdict.line} (reason given: {verdict.overridden})" for verdict in report.overridden]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Report:
    """The verdicts on a stack, refusals first."""

    verdicts: tuple[Verdict, ...]
    overrides: dict[str, str]
    """Every override of the stack file, rule -> reason: printed and exported on every run, used or not."""

    @property
    def refusals(self) -> list[Verdict]:
        """What stops the run."""
        return self._open(Severity.REFUSE)

    @property
    def warnings(self) -> list[Verdict]:
        """What does not."""
        return self._open(Severity.WARN)

    @property
    def overridden(self) -> list[Verdict]:
        """What the stack file takes the risk of, with its reason."""
        return [verdict for verdict in self.verdicts if verdict.overridden]

    def raise_if_refused(self, file: str) -> None:
        """Raise GuardRefused, naming the stack file."""
        if self.refusals:
            raise GuardRefused(file, self)

    def _open(self, severity: Severity) -> list[Verdict]:
        return [v for v in self.verdicts if v.severity == severity and not v.overridden]


def merged(found: Iterable[Verdict], overrides: Mapping[str, str], claim_keys: Mapping[str, str]) -> list[Verdict]:
    """One verdict for a rule and a claim, in the order of RULES, with the words of the stack file."""
    by_place: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in found:
        own = "" if verdict.claim else verdict.message
        by_place.setdefault((verdict.rule, verdict.claim, own), []).append(verdict)
    order = list(RULES)
    return sorted(
        (_told(same, overrides, claim_keys) for same in by_place.values()),
        key=lambda verdict: order.index(verdict.rule),
    )


def _told(same: list[Verdict], overrides: Mapping[str, str], claim_keys: Mapping[str, str]) -> Verdict:
    first = same[0]
    roles = list(dict.fromkeys(verdict.role for verdict in same))
    claim = claim_keys.get(first.claim, first.claim)
    fix = first.fix.replace("{claim}", claim).replace("{role}", roles[0] if len(roles) == 1 else "<role>")
    return replace(first, role=", ".join(roles), claim=claim, fix=fix, overridden=overrides.get(first.rule, ""))
