"""The stack file of an advice: complete and valid, with example ids that the user replaces by real ones."""

from pathlib import Path
from typing import Any

import yaml

from components.contract import Profile, Role
from estimate.advisor import Advice, Load
from estimate.choices import Choice
from estimate.offers import merged
from stacks.names import NAMESPACE


def stack_file(advice: Advice, load: Load, prices: Path | None = None) -> str:
    """The stack file of an advice, as YAML. `load`: what was asked for. `prices`: the user's own price file."""
    head = [
        "# yaml-language-server: $schema=./stacks/schema.json",
        f"# Advice: {advice.choice.name}.",
        *(f"# - {reason}" for reason in advice.reasons),
        "# Every id, address and name of a server or class below is an example: replace it by your own.",
    ]
    config = {f"{NAMESPACE}:{key}": value for key, value in settings(advice.choice, load, prices).items()}
    return "\n".join(head) + "\n" + yaml.safe_dump({"config": config}, sort_keys=False, width=110)


def settings(choice: Choice, load: Load, prices: Path | None = None) -> dict[str, Any]:
    """The keys of the namespace `kotaemon` in the stack file of a choice."""
    scaled = choice.profile == Profile.SCALED
    wanted: dict[str, Any] = {"platform": choice.platform.value, "profile": choice.profile.value}
    if scaled:
        wanted["replicas"] = load.pods
    wanted |= choice.place.settings
    if section := merged([offer.section for offer in choice.offers]):
        wanted[choice.platform.value] = section
    wanted["storage"] = {
        "claims": {name: dict(offer.settings) for name, offer in choice.claims.items()},
        "roles": {role.value: {"claim": name} for role in Role for name, on in choice.roles.items() if role in on},
    }
    if stores := merged([offer.stores for offer in choice.offers]):
        wanted["stores"] = stores
    if load.budget is not None:
        wanted["budget"] = load.budget
    use = load.use
    assumed: dict[str, Any] = {"modelGib": load.model_gib, "readGib": use.read_gib, "writtenGib": use.written_gib}
    if prices is not None:
        # In full: a stack file's paths are read from the folder of Pulumi.yaml, and this one was not.
        assumed["prices"] = str(prices.resolve())
    wanted["estimate"] = assumed
    return wanted
