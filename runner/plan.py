"""`make plan`: what a stack would make, cost and give, with no account, no cluster and no engine."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.contract import Platform
from guard.report import Report
from runner import analysis
from runner.analysis import Wanted
from runner.manifests import is_object
from runner.markdown import markdown
from runner.record import Registration, Run, StackOutput
from runner.tables import SHOWN_APART

FORMAT = 1
"""Version of the JSON (runner/plan.schema.json); raised with every change that is not an addition."""
KNOWN_AT_UP = "known at up"
SECRET = "[secret]"  # noqa: S105 what is shown in place of a secret


def document(
    run: Run,
    stack: str,
    platform: str,
    *,
    wanted: Wanted | None = None,
    reports: Sequence[Report] = (),
    against: tuple[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The plan as plain data: the JSON file, and the source of the tables and the Markdown.

    `reports`: of the guard. `against`: name and contents of the plan to compare the cost with.
    """
    outputs = {name: _shown(output) for name, output in run.outputs.items()}
    shown = outputs.get("storage", {})
    storage: dict[str, Any] = shown if isinstance(shown, dict) else {}
    sections = analysis.sections(run, storage, Platform(platform), wanted or Wanted())
    if against is not None:
        sections["cost"]["against"] = analysis.compared(sections["cost"], against[1]["cost"], against[0])
    return {
        "format": FORMAT,
        "stack": stack,
        "platform": platform,
        "made_by": "the SDK's mock monitor in preview mode; the real engine was not used",
        "resources": [_resource(run, r) for r in run.registrations if r.custom and not _is_provider(r)],
        "storage": storage,
        "guard": analysis.verdicts(reports),
        "policy": analysis.violations(run),
        "zones": analysis.zone_verdict(run, wanted.zones if wanted else ()),
        **sections,
        "outputs": {k: v for k, v in outputs.items() if k not in SHOWN_APART},
        "warnings": run.warnings,
        "known_at_up": known_at_up(run),
    }


def known_at_up(run: Run) -> list[str]:
    """What only a live account or cluster can tell."""
    # sorted: independent resources register in any order
    inputs = sorted(f"{r.name}: {key}" for r in run.registrations for key in r.unknowns)
    return inputs + [f"output {name}" for name, output in run.outputs.items() if not output.known]


def write(plan: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write `<stack>.json` and `<stack>.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / f"{plan['stack']}.json", folder / f"{plan['stack']}.md"
    data.write_text(json.dumps(plan, indent=2) + "\n")
    text.write_text(markdown(plan))
    return data, text


def _resource(run: Run, r: Registration) -> dict[str, Any]:
    meta = r.inputs.get("metadata") or {}
    name = "/".join(filter(None, (meta.get("namespace"), meta.get("name")))) if is_object(r) else r.name
    return {
        "component": "/".join(reversed([p.name for p in run.parents(r)])),
        "type": r.type,
        "kind": r.inputs.get("kind") if is_object(r) else r.type.rpartition(":")[2],
        "name": r.name,
        "object": name,
        "protect": r.protect,
        "holds_data": r.retain_on_delete,
    }


def _is_provider(r: Registration) -> bool:
    return r.type.startswith("pulumi:")


def _shown(output: StackOutput) -> Any:
    if not output.known:
        return KNOWN_AT_UP
    return SECRET if output.secret else output.value
