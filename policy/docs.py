"""Write docs/policy.md from the rules: `python -m policy.docs`. A test keeps it up to date."""

from pathlib import Path

from policy.check import ANNOTATION, RULES
from policy.rule import Rule

PATH = Path(__file__).parent.parent / "docs" / "policy.md"

_INTRO = f"""\
# The rules over finished resources

<!-- Written by `python -m policy.docs` from policy/rules/. Do not edit. -->

`make plan` checks them without the engine; the [policy pack](pr-checks.md#the-policy-pack) brings the same ones to
`pulumi preview`, also for a program of your own. They know storage and what loses data. For everything else there are
general tools: each rule says what it does not look at, and which tool does.

Every rule takes a level (`mandatory`, `advisory`, `disabled`) and `except` in `policy.json`; a Kubernetes object may
carry its exception as the annotation `{ANNOTATION}<rule>: <reason>`. A resource that patches an object
(`DeploymentPatch`, `PersistentVolumePatch` ...) is judged by what is in it, together with the object where that is in
the stack; what is not in a patch is not missing. A value that is not known at preview is not judged.
"""


def text() -> str:
    """The whole page."""
    return "\n".join([_INTRO, *(_section(rule) for rule in RULES)])


def _section(rule: Rule) -> str:
    settings = [f"- `{name}`: {schema['description']}" for name, schema in rule.settings.items()]
    whole = " It compares resources, so it is asked once for the whole stack." if rule.whole_stack else ""
    lines = [
        f"## {rule.name}",
        "",
        f"{rule.summary} Level: {rule.level.value}.{whole} Source: <{rule.source.partition(' ')[0]}>.",
        "",
        *([*settings, ""] if settings else []),
        f"**Does not look at:** {rule.blind}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PATH.write_text(text())
