"""The command `advise`: the description of a load gives ranked storage maps, and stack files for the best of them."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError
from rich.console import Console

from components.contract import Platform
from estimate.advisor import Advice, Answer, Load
from estimate.own_prices import mistakes, prices
from estimate.price_list import PriceList
from plan import terminal
from plan.advice_files import stack_file
from plan.exits import UserError
from plan.markdown import table
from stacks.advice import LETTERS, ask
from stacks.settings.fields import Strict

WRITTEN = 3
"""Number of the best storage maps for which a stack file is written."""
SHOWN = 5
HEAD = ("", "storage", "a month", "models in", "index IOPS")


class LoadSettings(Strict):
    """A load, given as a YAML file or as flags of the command."""

    platform: Platform = Field(description="Platform of the cluster: private, aws or alicloud.")
    region: str = Field(
        "", pattern=r"^([a-z]{2}(-[a-z0-9]+)+)?$", description="Region of the prices; default: see docs/cost.md."
    )
    model_gib: float = Field(15, gt=0, le=100_000, description="GiB of models that a pod loads; default 15.")
    data_gib: int = Field(30, ge=1, le=50_000, description="GiB of documents, indexes and conversations; default 30.")
    pods: int = Field(1, ge=1, le=50, description="Pods.")
    zones: int = Field(1, ge=1, le=len(LETTERS), description="Number of zones with nodes; default 1.")
    queries_per_second: float = Field(1, ge=0, le=10_000, description="Questions a second, over all pods.")
    log_mb_per_second: float = Field(0.01, ge=0, le=1000, description="MB of logs a second, over all pods.")
    survives_zone: bool = Field(False, description="Whether all data must survive the loss of a zone; default false.")
    outage_minutes: int = Field(
        60,
        ge=0,
        le=10_000,
        description="The most minutes that the application may be down after the loss of a node; default 60.",
    )
    budget: int | None = Field(
        None,
        ge=1,
        description="The most that storage may cost a month, in the currency of the price list; default: no limit.",
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command: one for each key of a load, and the two for files."""
    parser.add_argument(
        "--load", type=Path, help="YAML file with the keys below in camelCase; a flag overrides its key"
    )
    parser.add_argument("--out", type=Path, default=Path("build/advice"), help="folder for the stack files")
    parser.add_argument("--prices", type=Path, help="file with prices of your own (docs/cost.md)")
    for name, field in LoadSettings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=field.description)
        else:
            parser.add_argument(flag, default=None, help=field.description)


def advise(options: argparse.Namespace, console: Console) -> int:
    """Show the advice and write stack files.

    The exit code is 1 when nothing suits. Raises UserError for a wrong load.
    """
    load = read(options)
    answer = ask(load, own_prices(load, options.prices))
    show(answer, console)
    options.out.mkdir(parents=True, exist_ok=True)
    everything = options.out / "advice.md"
    everything.write_text(markdown(answer))
    console.print(f"Written: {everything}, with every storage map and the reasons for or against it")
    if not answer.accepted:
        return 1
    for number, advice in enumerate(answer.accepted[:WRITTEN], 1):
        path = options.out / f"Pulumi.advice-{number}.yaml"
        path.write_text(stack_file(advice, load, options.prices))
        console.print(f"Written: {path}")
    console.print("Copy one beside Pulumi.yaml, replace the example ids, and run `make plan STACK=advice-1`.")
    return 0


def read(options: argparse.Namespace) -> Load:
    """The load from the file and the flags. Raises UserError with every mistake."""
    values: dict[str, Any] = {}
    where = "advise"
    if options.load is not None:
        where = options.load.name
        try:
            found: object = yaml.safe_load(options.load.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise UserError(f"{where}: {' '.join(str(error).split())}") from None
        if not isinstance(found, dict):
            raise UserError(f"{where}: must be a mapping, for example `platform: aws`")
        values = {str(key): value for key, value in found.items()}
    for name, field in LoadSettings.model_fields.items():
        if (flag := getattr(options, name)) is not None:
            values[field.alias or name] = flag
    try:
        wanted = LoadSettings.model_validate(values)
    except ValidationError as error:
        lines = [f"  - {'.'.join(map(str, e['loc']))}: {e['input']!r}: {e['msg']}" for e in error.errors()]
        raise UserError("\n".join([f"{where}: the load has mistakes:", *lines])) from None
    if wanted.budget is not None and wanted.platform == Platform.PRIVATE:
        raise UserError(f"{where}: budget: platform private has no prices; leave it out")
    return Load(**wanted.model_dump())


def own_prices(load: Load, path: Path | None) -> PriceList | None:
    """The price list with a file of the user's own; None without one. Raises UserError for its mistakes."""
    if path is None:
        return None
    if load.platform == Platform.PRIVATE:
        raise UserError(f"--prices {path}: platform private has no prices; leave it out")
    if found := mistakes(path):
        raise UserError("\n".join(["the price file has mistakes:", *(f"  - {line}" for line in found)]))
    return prices(load.platform, path)


def show(answer: Answer, console: Console) -> None:
    """Print the ranking, and why the cheapest of the others are left out."""
    currency = answer.currency
    best = answer.accepted[:SHOWN]
    console.print(terminal.table(_title(answer), HEAD, [(n, *_row(a, currency)) for n, a in enumerate(best, 1)]))
    for number, advice in enumerate(best, 1):
        console.print(f"{number}. " + "; ".join(_reasons(advice)))
    left_out = [(advice.choice.name, "; ".join(advice.reasons)) for advice in answer.rejected[:SHOWN]]
    if left_out:
        console.print()
        title = f"Left out: the {len(left_out)} cheapest of {len(answer.rejected)}"
        console.print(terminal.table(title, ("storage", "why"), left_out))
    for line in answer.assumptions:
        console.print(line)


def markdown(answer: Answer) -> str:
    """The advice as Markdown: every storage map with all reasons for or against it."""
    currency = answer.currency
    suited = [(str(n), *_row(a, currency), "; ".join(_reasons(a))) for n, a in enumerate(answer.accepted, 1)]
    rest = [(*_row(a, currency), "; ".join(a.reasons)) for a in answer.rejected]
    asked = [f"- {field.name}: {getattr(answer.load, field.name)}" for field in fields(answer.load)]
    parts = ["## Load", "\n".join(asked), f"## {_title(answer)}", table((*HEAD, "why"), suited)]
    parts += ["## Left out", table((*HEAD[1:], "why not"), rest)]
    parts += ["## Assumptions", "\n".join(f"- {line}" for line in answer.assumptions)]
    return "\n\n".join(parts) + "\n"


def _title(answer: Answer) -> str:
    order = "cheapest first" if answer.load.budget is None else "fastest within the budget first"
    return f"{len(answer.accepted)} of {len(answer.accepted) + len(answer.rejected)} storage maps suit; {order}"


def _reasons(advice: Advice) -> list[str]:
    return [*advice.reasons, *(f"the guard warns: {rule}" for rule in advice.guard.warnings)]


def _row(advice: Advice, currency: str) -> tuple[str, str, str, str]:
    unknown = advice.cost.unknown
    known = f"{advice.cost.known:.2f} {currency}"
    money = known if not unknown else f"at least {known} ({unknown} unknown)" if advice.cost.known else "unknown"
    seconds = "unknown" if advice.load_seconds is None else f"{advice.load_seconds:.0f} s"
    iops = "unknown" if advice.index_iops is None else str(advice.index_iops)
    return advice.choice.name, money, seconds, iops
