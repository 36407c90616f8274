"""The result of the guard: verdicts, a report of all of them, and the exception for a refused stack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from guard.rules import RULES, Severity


@dataclass(frozen=True)
class Verdict:
    """A rule of guard/rules.py that applies to this stack."""

    rule: str
    severity: Severity
    role: str
    """The roles that the verdict is about, joined by a comma. Empty when it is about the pod as a whole."""
    claim: str
    """Name of the claim in the stack file. Empty when the verdict is about no single claim."""
    message: str
    """Why the rule applies."""
    fix: str
    """What to change in the stack file."""
    source: str
    """URL of the documentation or of the issue that the rule is taken from."""
    overridden: str = ""
    """The reason that the stack file gives for overriding the rule. Empty when the rule is not overridden."""

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
        """The refusals without an override: they stop the run."""
        return self._open(Severity.REFUSE)

    @property
    def warnings(self) -> list[Verdict]:
        """The warnings without an override: they are printed and stop nothing."""
        return self._open(Severity.WARN)

    @property
    def overridden(self) -> list[Verdict]:
        """The verdicts that the stack file overrides, with its reason for each."""
        return [verdict for verdict in self.verdicts if verdict.overridden]

    def raise_if_refused(self, file: str) -> None:
        """Raise GuardRefused, naming the stack file."""
        if self.refusals:
            raise GuardRefused(file, self)

    def _open(self, severity: Severity) -> list[Verdict]:
        return [v for v in self.verdicts if v.severity == severity and not v.overridden]


def merged(found: Iterable[Verdict], overrides: Mapping[str, str], claim_keys: Mapping[str, str]) -> list[Verdict]:
    """Join the verdicts of one rule on one claim, sort them in the order of RULES, and use the stack file's names."""
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
