"""`make plan`: what a stack would make, with no account, no cluster and no engine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.manifests import is_object
from runner.record import Registration, Run, StackOutput

FORMAT = 1
"""Version of the JSON; raised with every change that is not an addition."""
KNOWN_AT_UP = "known at up"
SECRET = "[secret]"  # noqa: S105 what is shown in place of a secret


def document(run: Run, stack: str, platform: str) -> dict[str, Any]:
    """The plan as plain data: the JSON file, and the source of the table and the Markdown."""
    outputs = {name: _shown(output) for name, output in run.outputs.items()}
    return {
        "format": FORMAT,
        "stack": stack,
        "platform": platform,
        "made_by": "the SDK's mock monitor in preview mode; the real engine was not used",
        "resources": [_resource(run, r) for r in run.registrations if r.custom and not _is_provider(r)],
        "storage": outputs.get("storage", {}),
        "outputs": {k: v for k, v in outputs.items() if k != "storage"},
        "warnings": run.warnings,
        "known_at_up": known_at_up(run),
    }


def known_at_up(run: Run) -> list[str]:
    """What only a live account or cluster can tell."""
    inputs = [f"{r.name}: {key}" for r in run.registrations for key in sorted(r.unknowns)]
    return inputs + [f"output {name}" for name, output in run.outputs.items() if not output.known]


def write(plan: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write `<stack>.json` and `<stack>.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / f"{plan['stack']}.json", folder / f"{plan['stack']}.md"
    data.write_text(json.dumps(plan, indent=2) + "\n")
    text.write_text(markdown(plan))
    return data, text


def markdown(plan: Mapping[str, Any]) -> str:
    """The plan for a pull request."""
    storage = [_row(role, mount) for role, mount in plan["storage"].items()]
    resources = [
        (r["component"] or "-", r["kind"], r["object"], "kept" if r["holds_data"] else "") for r in plan["resources"]
    ]
    outputs = [(name, f"`{value}`") for name, value in plan["outputs"].items()]
    parts = [
        f"## Plan of stack `{plan['stack']}` ({plan['platform']})",
        f"{len(resources)} resources. Made by {plan['made_by']}.",
        "### Storage",
        _table(("role", "claim", "medium", "access mode", "folder", "zones", "encrypted by"), storage),
        "```mermaid\n" + _picture(plan) + "\n```",
        "### Resources",
        _table(("component", "kind", "object", "data"), resources),
        "### Outputs",
        _table(("output", "value"), outputs),
    ]
    if plan["warnings"]:
        parts += ["### Warnings", "\n".join(f"- {line}" for line in plan["warnings"])]
    if plan["known_at_up"]:
        parts += ["### Known at up", "\n".join(f"- {line}" for line in plan["known_at_up"])]
    return "\n\n".join(parts) + "\n"


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


def _row(role: str, mount: Mapping[str, Any]) -> tuple[str, ...]:
    return storage_row(role, mount, KNOWN_AT_UP)


def storage_row(role: str, mount: Mapping[str, Any], unknown_zone: str) -> tuple[str, ...]:
    """One row of the storage table. `unknown_zone` stands for a disk whose zone the first pod decides."""
    any_zone = unknown_zone if mount["medium"] == "block" else "every zone"
    access = mount["access_mode"] + (" (read-only)" if mount["read_only"] else "")
    zones = ", ".join(mount["zones"]) or any_zone
    return (role, mount["claim"], mount["medium"], access, mount["sub_path"], zones, mount["encrypted_by"])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines)


def _picture(plan: Mapping[str, Any]) -> str:
    pods = f'pods["Kotaemon pods in {plan["outputs"].get("namespace", "")}"]'
    lines = ["flowchart LR", f'  users(["users"]) --> {pods}']
    claims: dict[str, Mapping[str, Any]] = {}
    for role, mount in plan["storage"].items():
        claims[mount["claim"]] = mount
        lines.append(f"  pods -- {role}{' (read-only)' if mount['read_only'] else ''} --> {_id(mount['claim'])}")
    for claim, mount in claims.items():
        lines.append(
            f'  {_id(claim)}[("{claim}<br/>{mount["medium"]}, {mount["access_mode"]}, {mount["size_gib"]} GiB")]'
        )
    return "\n".join(lines)


def _id(claim: str) -> str:
    return "c_" + claim.replace("-", "_").replace(".", "_")
