"""The lines of the stack file that take up again what is kept, for a state that is lost or given up."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from devcluster.paths import cache_root
from plan.stack_file import StackFile
from stacks.existing import lines

Resource = Mapping[str, Any]


OWNERS = {"aws:backup/selection:Selection": "planId"}
"""Type -> the output that stands before the id when it is imported (terraform-provider-aws,
internal/service/backup/selection.go: the id is that of the selection, the import takes plan and selection)."""


def path(file: StackFile) -> Path:
    """File with the lines, outside the user's folders and outside what `make clean` removes."""
    return cache_root() / "kept" / file.project / f"{file.name}.yaml"


def kept(resources: Sequence[Resource]) -> dict[str, str]:
    """Name -> id of all that stays when the stack is taken down.

    That is what is protected or retained, and what those need, as `pulumi destroy --exclude-protected` counts it. What
    is retained and goes with another resource (deletedWith) is not.
    `resources`: those of an engine's state.
    """
    by_urn = {r["urn"]: r for r in resources}
    stay: set[str] = set()
    todo = [r["urn"] for r in resources if r.get("protect") or (r.get("retainOnDelete") and not r.get("deletedWith"))]
    while todo:
        urn = todo.pop()
        if urn in by_urn and urn not in stay:
            stay.add(urn)
            todo += _needs(by_urn[urn])
    return {urn.rpartition("::")[2]: _import_id(by_urn[urn]) for urn in by_urn if urn in stay and _is_made(by_urn[urn])}


def _import_id(resource: Resource) -> str:
    """The id by which the provider takes a resource up, where that is more than its id in the state."""
    own = str(resource["id"])
    owner = OWNERS.get(resource["type"])
    return own if owner is None else f"{(resource.get('outputs') or {})[owner]}|{own}"


def _needs(resource: Resource) -> Iterator[str]:
    yield from resource.get("dependencies") or ()
    if parent := resource.get("parent"):
        yield parent


def _is_made(resource: Resource) -> bool:
    """Whether it is something outside the state: no component, no provider, nothing that was only read."""
    return bool(resource.get("custom") and resource.get("id") and not resource.get("external")) and not resource[
        "type"
    ].startswith("pulumi:")


def text(file: StackFile, found: Mapping[str, str]) -> str:
    """The lines, as YAML that goes into the stack file."""
    config, unknown = lines(file.settings, found)
    said = [
        f"# What stack {file.name} keeps, by its id. While the engine's state is there nobody needs these lines: `up`",
        f"# finds everything. When the state is lost or given up, put them into {file.path.name}, run `up` once,",
        "# and remove them again, all but `url` of a database.",
        *(f"# No line can take up {name}: {found[name]}" for name in unknown),
    ]
    return "\n".join([*said, yaml.safe_dump({"config": config}, sort_keys=False, width=120).rstrip(), ""])


def tell(file: StackFile, found: Mapping[str, str], console: Console) -> None:
    """Write the lines to their file, and print them."""
    if not found:
        console.print(f"Stack {file.name} keeps nothing.")
        return
    target = path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(file, found))
    console.print(f"\nIf the state is lost, these lines find it again; they are also in {target}:", soft_wrap=True)
    console.print(text(file, found), soft_wrap=True, markup=False, highlight=False)
