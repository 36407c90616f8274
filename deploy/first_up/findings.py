"""What a check has found, and the text of an issue that says it, without account ids and secrets."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from deploy.first_up.reading import NotRead


class Verdict(str, Enum):
    """How an assumption and an account go together."""

    HOLDS = "as assumed"
    DIFFERS = "NOT as assumed"
    UNREAD = "not read"
    """The question could not be asked, or the answer does not decide it."""


@dataclass(frozen=True)
class Finding:
    """One assumption about an account, and what is there."""

    point: str
    """Row of docs/clouds.md."""
    assumed: str
    verdict: Verdict
    seen: str
    """What the account says."""
    then: str = ""
    """What to do where it differs."""


def finding(point: str, assumed: str, holds: bool, seen: str, then: str = "") -> Finding:
    """A finding whose question was answered. `then`: said only where it differs."""
    return Finding(point, assumed, Verdict.HOLDS if holds else Verdict.DIFFERS, seen, "" if holds else then)


def unread(point: str, assumed: str, why: str, then: str = "") -> Finding:
    """A finding whose question was not answered."""
    return Finding(point, assumed, Verdict.UNREAD, why, then)


@dataclass(frozen=True)
class Check:
    """A question to an account."""

    point: str
    assumed: str
    ask: Callable[[], Iterator[Finding]]


def ask(checks: Sequence[Check]) -> list[Finding]:
    """The findings of all checks. One that gets no answer is a finding as well, and the next one is asked."""
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check.ask())
        except NotRead as error:
            found.append(unread(check.point, check.assumed, str(error)))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            # An answer of another form than the documents say is what this is for: it must not end the other checks.
            found.append(unread(check.point, check.assumed, f"the answer has another form: {error!r}"))
    return found


_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|LTAI|STS\.)[A-Za-z0-9]{8,}")
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?:[0-9]{4})?(?![0-9])")
_SESSION = re.compile(r"(assumed-role/[^/\s]+)/[^\s,;'\"]+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_KEY_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\bmrk-[0-9a-f]{32}\b")


def masked(text: str) -> str:
    """The text without access keys, names of sessions, addresses of people, request and key ids, and account ids.

    Each account gets a number, so that it is still seen which ones are the same. Names of clusters, roles and subnets
    stay: without them nobody could say what is wrong.
    """
    text = _SESSION.sub(r"\1/<session>", _ACCESS_KEY.sub("<access key>", text))
    text = _KEY_ID.sub("<id>", _MAIL.sub("<address>", text))
    accounts: list[str] = []

    def number(match: "re.Match[str]") -> str:
        if match[0] not in accounts:
            accounts.append(match[0])
        return f"<account {accounts.index(match[0]) + 1}>"

    return _ACCOUNT.sub(number, text)


def issue(title: str, facts: Sequence[str], found: Sequence[Finding]) -> str:
    """The text of an issue in Markdown: first what is not as assumed."""
    order = [Verdict.DIFFERS, Verdict.UNREAD, Verdict.HOLDS]
    counts = ", ".join(f"{sum(f.verdict is v for f in found)} {v.value}" for v in order)
    lines = [f"# {title}", "", *(f"- {fact}" for fact in facts), f"- {counts}", ""]
    for verdict in order:
        rows = [f for f in found if f.verdict is verdict]
        if rows:
            lines += [f"## {verdict.value}", "", "| point | assumed | the account says |", "|---|---|---|"]
            lines += [f"| {_cell(f.point)} | {_cell(f.assumed)} | {_cell(_said(f))} |" for f in rows]
            lines.append("")
    return masked("\n".join(lines))


def _said(found: Finding) -> str:
    return f"{found.seen}. {found.then}" if found.then else found.seen


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
