"""The JSON of a plan, as a model: `python -m runner.plan_schema` writes runner/plan.schema.json from it.

Version 1 only grows: a reader ignores keys that it does not know, and none is removed, renamed or retyped.
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PATH = Path(__file__).parent / "plan.schema.json"


class Resource(BaseModel):
    """Something that the stack makes."""

    component: str = Field(description="Names of its components, outermost first, joined by /; empty: none.")
    type: str = Field(description="Pulumi's type token.")
    kind: str = Field(description="Short name of the type.")
    name: str = Field(description="Name in the program.")
    object: str = Field(description="namespace/name of a Kubernetes object; else the name in the program.")
    protect: bool = Field(description="Whether it cannot be deleted before the protection is lifted.")
    holds_data: bool = Field(description="Whether it is kept when it leaves the program.")


class Mount(BaseModel):
    """Where one role's data lives."""

    claim: str
    sub_path: str
    access_mode: str
    medium: Literal["block", "file", "object", "node"]
    read_only: bool
    size_gib: float
    zones: list[str] = Field(description="Empty: every zone, or not known before the volume exists.")
    encrypted_by: str
    locks: str


class Verdict(BaseModel):
    """What the guard says."""

    rule: str
    severity: Literal["refuse", "warn"]
    role: str = Field(description="Roles, joined by a comma; empty: the pod as a whole.")
    claim: str = Field(description="Name of the claim in the stack file; empty: none in particular.")
    message: str
    fix: str = Field(description="What to change in the stack file.")
    source: str
    overridden: str = Field(description="The reason of the override; empty: there is none.")


class Violation(BaseModel):
    """What a rule of policy/ finds."""

    rule: str
    level: Literal["mandatory", "advisory"]
    type: str
    name: str
    message: str
    excepted: str = Field(description="The reason of the exception; empty: there is none.")
    stops: bool = Field(description="Whether the plan ends with exit code 2.")


class Tie(BaseModel):
    """A claim that ties a pod to zones."""

    claim: str
    when: str = Field(description="first pod, at once, or made.")
    zones: list[str]


class Loss(BaseModel):
    """Where a pod goes; empty: it stays Pending."""

    node: list[str] = Field(description="When its node in this zone is lost.")
    zone: list[str] = Field(description="When this zone is lost.")


class ZonedPod(BaseModel):
    """A workload, and where its pods can run."""

    pod: str
    replicas: int
    state: str
    zones: list[str]
    reason: str
    because_of: list[str]
    tied_by: list[Tie]
    second_pod: dict[str, Any]
    loss: dict[str, Loss] = Field(description="Zone of the pod -> what a loss does.")


class Zones(BaseModel):
    """The zone verdict."""

    nodes: dict[str, int] = Field(description="Zone -> nodes, as assumed or given.")
    pods: list[ZonedPod]
    notes: list[str]
    lines: list[str] = Field(description="The verdict in words.")


class Sum(BaseModel):
    """A sum, as far as it is known."""

    known: float = Field(description="In the currency of the cost, rounded to cents.")
    unknown: int = Field(description="Lines whose price is not known.")
    by_use: int = Field(description="Lines whose quantity depends on use that was not told.")


class RegionSum(Sum):
    """The same in another region."""

    region: str


class Line(BaseModel):
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


class Lever(BaseModel):
    """A change that saves money."""

    change: str = Field(description="In the stack file.")
    gives_up: str
    saves: float = Field(description="A month.")


class Changed(BaseModel):
    """A resource whose cost changes."""

    resource: str
    before: float | None
    after: float | None


class Against(BaseModel):
    """The cost beside that of an earlier plan."""

    file: str
    before: Sum
    change: float | None = Field(description="A month; null: another currency.")
    exact: bool = Field(description="Whether nothing is unknown on either side.")
    resources: list[Changed]


class Cost(BaseModel):
    """What storage costs in a month."""

    currency: str
    region: str
    total: Sum
    by_role: dict[str, Sum]
    by_medium: dict[str, Sum]
    by_resource: dict[str, Sum]
    lines: list[Line]
    free: dict[str, str] = Field(description="Type -> why it costs nothing.")
    levers: list[Lever]
    in_reference_region: RegionSum | None = Field(description="null: nothing more would be known.")
    assumptions: list[str]
    sources: list[str]
    against: Against | None = Field(None, description="Only with --against.")


class ClaimSpeed(BaseModel):
    """What one claim gives."""

    claim: str
    roles: str
    iops: int | None
    mib_s: float | None
    load_seconds: float | None
    load_seconds_one_thread: float | None
    formula: str
    source: str


class Performance(BaseModel):
    """What the storage gives."""

    model_gib: float
    claims: list[ClaimSpeed]
    assumptions: list[str]


class Budget(BaseModel):
    """Whether the cost is within the budget."""

    monthly: int | None
    verdict: Literal["none", "within", "unsure", "over"]
    text: str


class PlanDocument(BaseModel):
    """A plan of `make plan`."""

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
    outputs: dict[str, Any]
    warnings: list[str]
    known_at_up: list[str]


def text() -> str:
    """What plan.schema.json has to be."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanDocument.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
