"""The plan of a stack: one model for its JSON, its JSON Schema, its tables, its Markdown and the comparison.

`plan/collect.py` makes it from a recorded run. `python -m plan.document` writes plan/plan.schema.json.

Format 1 only grows: a reader ignores keys that it does not know, and none is removed, renamed or retyped. A field that
is added has a default, so that the JSON of an earlier plan can still be read for a comparison.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

SCHEMA_FILE = Path(__file__).parent / "plan.schema.json"
FORMAT = 1
"""Version of the JSON; raised with every change that is not an addition."""
KNOWN_AT_UP = "known at up"
"""Shown in place of a value that exists only after something was created."""
SECRET = "[secret]"  # noqa: S105 shown in place of a secret
SHOWN_APART = ("storage", "cost")
"""Stack outputs that have a section of the plan to themselves."""

Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""Written as it was given: 15 does not become 15.0."""


class Part(BaseModel):
    """A part of the plan. Values come by name or from an object with attributes of the same names."""

    # defer_build: a validator is built when it is first used, so what a plan does not hold costs nothing at its start
    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


class Resource(Part):
    """Something that the stack makes."""

    component: str = Field(description="Names of its components, outermost first, joined by /; empty: none.")
    type: str = Field(description="Pulumi's type token.")
    kind: str = Field(description="Short name of the type.")
    name: str = Field(description="Name in the program.")
    object: str = Field(description="namespace/name of a Kubernetes object; else the name in the program.")
    protect: bool = Field(description="Whether it cannot be deleted before the protection is lifted.")
    holds_data: bool = Field(description="Whether it is kept when it leaves the program.")


class Mount(Part):
    """Where one role's data lives."""

    claim: str
    sub_path: str
    access_mode: str
    medium: Literal["block", "file", "object", "node"]
    read_only: bool
    size_gib: Number
    zones: list[str] = Field(description="Empty: every zone, or not known before the volume exists.")
    encrypted_by: str
    locks: str


class Verdict(Part):
    """What the guard says."""

    rule: str
    severity: Literal["refuse", "warn"]
    role: str = Field(description="Roles, joined by a comma; empty: the pod as a whole.")
    claim: str = Field(description="Name of the claim in the stack file; empty: none in particular.")
    message: str
    fix: str = Field(description="What to change in the stack file.")
    source: str
    overridden: str = Field(description="The reason of the override; empty: there is none.")


class Violation(Part):
    """What a rule of policy/ finds."""

    rule: str
    level: Literal["mandatory", "advisory"]
    type: str
    name: str
    message: str
    excepted: str = Field(description="The reason of the exception; empty: there is none.")
    stops: bool = Field(description="Whether the plan ends with exit code 2.")


class Tie(Part):
    """A claim that ties a pod to zones."""

    claim: str
    when: str = Field(description="first pod, at once, or made.")
    zones: list[str]


class SecondPod(Part):
    """What is in the way of a second pod; empty: nothing."""

    reason: str = Field("", description="claim-held: a claim is ReadWriteOncePod.")
    claims: list[str] = Field([], description="The claims that only one pod can use.")


class Loss(Part):
    """Where a pod goes; empty: it stays Pending."""

    node: list[str] = Field(description="When its node in this zone is lost.")
    zone: list[str] = Field(description="When this zone is lost.")


class ZonedPod(Part):
    """A workload, and where its pods can run."""

    pod: str
    replicas: int
    state: str
    zones: list[str]
    reason: str
    because_of: list[str]
    tied_by: list[Tie]
    second_pod: SecondPod
    loss: dict[str, Loss] = Field(description="Zone of the pod -> what a loss does.")


class Zones(Part):
    """The zone verdict."""

    nodes: dict[str, int] = Field(description="Zone -> nodes, as assumed or given.")
    pods: list[ZonedPod]
    notes: list[str]
    lines: list[str] = Field(description="The verdict in words.")


class Sum(Part):
    """A sum, as far as it is known."""

    known: float = Field(description="In the currency of the cost, rounded to cents.")
    unknown: int = Field(description="Lines whose price is not known.")
    by_use: int = Field(description="Lines whose quantity depends on use that was not told.")


class Region(Part):
    """Where prices are of."""

    region: str


class RegionSum(Sum, Region):
    """The same in another region."""


class Line(Part):
    """One thing that is billed."""

    resource: str
    claim: str
    roles: str
    medium: str
    what: str
    quantity: float | None = Field(description="null: it depends on use.")
    unit: str
    price: float | None = Field(description="null: not known.")
    amount: float | None = Field(description="A month; null: not known.")
    note: str = Field(description="An assumption.")
    unknown: str = Field(description="Why the amount is not known; empty when it is.")
    date: str = Field(description="Of the price.")
    source: str = Field(description="Of the price.")


class Lever(Part):
    """A change that saves money."""

    change: str = Field(description="In the stack file.")
    gives_up: str
    saves: float = Field(description="A month.")


class Changed(Part):
    """A resource whose cost changes."""

    resource: str
    before: float | None
    after: float | None


class Against(Part):
    """The cost beside that of an earlier plan."""

    file: str
    before: Sum
    change: float | None = Field(description="A month; null: another currency.")
    exact: bool = Field(description="Whether nothing is unknown on either side.")
    resources: list[Changed]


class CostSummary(Part):
    """The sums of a month: in the plan, and as the stack output `cost`."""

    currency: str = Field(description="Empty: storage of your own, whose prices are not known.")
    region: str
    total: Sum
    by_role: dict[str, Sum]
    by_medium: dict[str, Sum]


class Cost(CostSummary):
    """What storage costs in a month."""

    by_resource: dict[str, Sum]
    lines: list[Line]
    free: dict[str, str] = Field(description="Type -> why it costs nothing.")
    levers: list[Lever]
    in_reference_region: RegionSum | None = Field(description="null: nothing more would be known.")
    assumptions: list[str]
    sources: list[str]
    against: Against | None = Field(None, description="Only with --against.")


class ClaimSpeed(Part):
    """What one claim gives."""

    claim: str
    roles: str
    iops: int | None
    mib_s: float | None
    load_seconds: float | None
    load_seconds_one_thread: float | None
    formula: str
    source: str


class Performance(Part):
    """What the storage gives."""

    model_gib: Number
    claims: list[ClaimSpeed]
    assumptions: list[str]


class Budget(Part):
    """Whether the cost is within the budget."""

    monthly: int | None
    verdict: Literal["none", "within", "unsure", "over"]
    text: str


class Plan(Part):
    """What a stack would make, cost and give."""

    model_config = ConfigDict(title="Plan of Kotaemon storage, format 1")

    format: Literal[1]
    stack: str
    platform: Literal["private", "aws", "alicloud"]
    made_by: str
    resources: list[Resource]
    storage: dict[str, Mount] = Field(description="Role -> where its data lives.")
    guard: list[Verdict]
    policy: list[Violation]
    zones: Zones
    cost: Cost
    performance: Performance
    budget: Budget
    outputs: dict[str, Any] = Field(description="Stack outputs without those that have a section here.")
    warnings: list[str]
    known_at_up: list[str]

    @property
    def text(self) -> str:
        """The JSON."""
        # what was not asked for (a comparison) or does not apply is left out
        return json.dumps(self.model_dump(mode="json", exclude_unset=True), indent=2) + "\n"


def schema_text() -> str:
    """What plan.schema.json has to be."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text())
