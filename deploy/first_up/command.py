"""The command `first-up-check`: ask the account of a stack what a first `up` assumes, and write an issue's text."""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console

from components.contract import Platform
from deploy.first_up import alicloud, aws, reading
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, Verdict, ask, issue
from deploy.first_up.reading import Read
from plan import collect
from plan.exits import FAILED, REFUSED, UserError
from plan.stack_file import StackFile
from stacks.platforms.alicloud.settings import AlicloudSettings
from stacks.platforms.aws.settings import AwsSettings


def reader(file: StackFile) -> Read:
    """The command line of the stack's cloud. Raises UserError where it cannot act as the stack's provider does."""
    cloud = file.settings.platform.value
    for key in (f"{cloud}:assumeRoles", f"{cloud}:assumeRole"):
        if key in file.config:
            raise UserError(
                f"{key}: the command line of the cloud does not take a role from the stack file; make a profile that "
                f"takes it, and name the profile as {cloud}:profile in place of {key}"
            )
    credentials = reading.options(cloud, file.config)
    if file.settings.platform is Platform.AWS:
        return reading.AwsCli(file.settings.section(AwsSettings).region, credentials)
    return reading.AliyunCli(file.settings.section(AlicloudSettings).region, credentials)


_CHECKS: Mapping[Platform, Callable[[Asked, Read], list[Check]]] = {
    Platform.AWS: aws.checks,
    Platform.ALICLOUD: alicloud.checks,
}


def check(file: StackFile, folder: Path, console: Console, read: Read | None = None) -> int:
    """Ask, print and write `<folder>/<stack>.md`; the exit code: 2 where something is not as assumed, 1 where no
    question was answered.

    `read`: default the command line of the cloud. Raises UserError on platform private, and what the program raises.
    """
    platform = file.settings.platform
    if platform not in _CHECKS:
        raise UserError(
            f"stack {file.name} is on platform {platform.value}, which has no account to ask; "
            "the cluster is asked by `make preview`"
        )
    made, planned = collect.made(file)
    bought = tuple(one.product for one in planned.bought if one.product.made)
    asked = Asked(file.settings, frozenset(resource.type for resource in made.resources), bought)
    found = ask(_CHECKS[platform](asked, read or reader(file)))
    text = written(file, asked, found)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file.name}.md"
    path.write_text(text + "\n")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"Written: {path}. Only reading calls were made. Account ids, keys and sessions are masked; names of clusters, "
        "roles and networks are not: read it before you post it.",
        markup=False,
        soft_wrap=True,
    )
    if any(one.verdict is Verdict.DIFFERS for one in found):
        return REFUSED
    return FAILED if all(one.verdict is Verdict.UNREAD for one in found) else 0


def written(file: StackFile, asked: Asked, found: list[Finding]) -> str:
    """The text of the issue."""
    settings = file.settings
    kinds = sorted({claim.kind for claim in asked.claims.values()})
    facts = [
        f"platform {settings.platform.value}, profile {settings.profile.value}, claims of kind {', '.join(kinds)}",
        f"asked on {datetime.now(timezone.utc):%Y-%m-%d} (UTC), with calls that only read",
    ]
    return issue(f"First-up check on {settings.platform.value}", facts, found)
