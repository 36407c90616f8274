"""The plan of a stack as one typed document: for its JSON, its JSON Schema, its tables, its Markdown and comparisons.

plan/collect.py makes it from a recorded run. `python -m plan.document` writes plan/plan.schema.json.

Format 1 only grows: no key is removed, renamed or changed in type, and a reader ignores keys that it does not know. A
new field has a default, so that the JSON of an earlier plan can still be read for a comparison.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

SCHEMA_FILE = Path(__file__).parent / "plan.schema.json"
FORMAT = 1
"""Version of the JSON format. It is raised for every change that is not an addition."""
KNOWN_AT_UP = "known at up"
"""The text in place of a value that exists only after something was created."""
SECRET = "[secret]"  # noqa: S105 shown in place of a secret
SHOWN_APART = ("storage", "cost", "memory", "facts")
"""Stack outputs that have a section of their own in the plan."""

Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""A number that is written as it was given: 15 does not become 15.0."""


class Part(BaseModel):
    """A part of the plan. It is made from keyword arguments, or from an object with attributes of the same names."""

    # With defer_build a validator is built when it is first used, so that unused parts cost no time at the start.
    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


class Resource(Part):
    """A resource that the stack makes."""

    component: str = Field(
        description="Names of the components that contain it, outermost first, joined by /; empty: none."
    )
    type: str = Field(description="Pulumi's type token.")
    kind: str = Field(description="Short name of the type, for display.")
    name: str = Field(description="Name of the resource in the program.")
    object: str = Field(
        description="For a Kubernetes object its namespace/name; for other resources the name in the program."
    )
    protect: bool = Field(description="Whether it has the option protect: Pulumi refuses to delete it.")
    holds_data: bool = Field(
        description="Whether it has the option retainOnDelete: it is kept when it leaves the program."
    )


class Mount(Part):
    """Where the data of one role is."""

    claim: str
    sub_path: str
    access_mode: str
    medium: Literal["block", "file", "object", "node"]
    read_only: bool
    size_gib: Number
    zones: list[str] = Field(
        description="Zones whose nodes can mount it; empty: every zone, or not known before the volume exists."
    )
    encrypted_by: str
    locks: str


class Verdict(Part):
    """A verdict of the guard."""

    rule: str
    severity: Literal["refuse", "warn"]
    role: str = Field(description="Roles that it is about, joined by a comma; empty: the pod as a whole.")
    claim: str = Field(description="Name of the claim in the stack file; empty: it is about no single claim.")
    message: str
    fix: str = Field(description="What to change in the stack file.")
    source: str
    overridden: str = Field(description="The reason for an override; empty: the rule is not overridden.")


class Violation(Part):
    """A violation of a rule in policy/."""

    rule: str
    level: Literal["mandatory", "advisory"]
    type: str
    name: str
    message: str
    excepted: str = Field(description="The reason for an exception; empty: there is no exception.")
    stops: bool = Field(description="Whether it makes the plan end with exit code 2.")


class Tie(Part):
    """A claim that ties a pod to zones."""

    claim: str
    when: str = Field(
        description="When the zone is decided: `first pod`, `at once`, or `made` (the volume exists); `first node`: "
        "the claim ties the pod to one node."
    )
    zones: list[str]


class SecondPod(Part):
    """What prevents a second pod; empty when nothing does."""

    reason: str = Field("", description="`claim-held`: a claim is ReadWriteOncePod; empty: nothing prevents it.")
    claims: list[str] = Field([], description="The claims that only one pod can use at a time.")


class Loss(Part):
    """The zones to which a pod can move after a loss; empty: it stays Pending."""

    node: list[str] = Field(description="Zones it can move to when its node in this zone is lost.")
    zone: list[str] = Field(description="Zones it can move to when this zone is lost.")


class ZonedPod(Part):
    """A workload, the zones where its pods can run, and what a loss does to them."""

    pod: str
    replicas: int
    state: str
    zones: list[str]
    reason: str
    because_of: list[str]
    tied_by: list[Tie]
    not_known: list[str] = Field(
        description="Claims on a StorageClass of which nothing is known: then no move is promised after a loss."
    )
    second_pod: SecondPod
    loss: dict[str, Loss] = Field(
        description="Zone where the pod runs -> what the loss of its node or of the zone does."
    )


class Zones(Part):
    """Where all pods can run, with the nodes that were given or assumed."""

    nodes: dict[str, int] = Field(description="Zone -> number of nodes, as given or assumed.")
    pods: list[ZonedPod]
    notes: list[str]
    lines: list[str] = Field(description="The result in sentences.")


class Talk(Part):
    """One rule of who may talk to whom, from the network policies."""

    pods: str = Field(description="Namespace and labels of the pods that the policy is for.")
    direction: Literal["in", "out"] = Field(description="in: others to the pods; out: the pods to others.")
    peer: str = Field(description="The others: pods, networks, everybody or nobody.")
    ports: str


class Sum(Part):
    """A sum of monthly amounts, as far as they are known."""

    known: float = Field(description="The known amount, in the currency of the cost, rounded to cents.")
    unknown: int = Field(description="Number of lines whose price is not known.")
    by_use: int = Field(description="Number of lines whose quantity depends on use that the stack file does not say.")


class Region(Part):
    """A region of a price list."""

    region: str


class RegionSum(Sum, Region):
    """A sum at the prices of a region."""


class Line(Part):
    """One line of the cost: something that is billed."""

    resource: str
    claim: str
    roles: str
    medium: str
    what: str
    quantity: float | None = Field(
        description="Quantity in a month; null: it depends on use that the stack file does not say."
    )
    unit: str
    price: float | None = Field(description="Price of one unit; null: not known.")
    amount: float | None = Field(description="Monthly amount; null: not known.")
    reference_price: float | None = Field(
        description="Price of one unit in the reference region, where that of the stack's own region is not known."
    )
    reference_region: str = Field(description="The region of `reference_price`; empty: there is none.")
    note: str = Field(description="An assumption about the quantity.")
    unknown: str = Field(description="Why the amount is not known; empty when it is.")
    date: str = Field(description="When the price was read.")
    source: str = Field(description="URL of the page that publishes the price.")


class Lever(Part):
    """A suggestion that saves money."""

    change: str = Field(description="What to write in the stack file.")
    gives_up: str
    saves: float = Field(description="Monthly saving.")
    does: str = Field(
        "", description="What it means for the storage that lives: `in place`, `only for a new claim`, `a move`."
    )


class Changed(Part):
    """A resource whose cost changes."""

    resource: str
    before: float | None
    after: float | None


class Against(Part):
    """The cost compared with that of an earlier plan."""

    file: str
    before: Sum
    change: float | None = Field(description="Change of the monthly cost; null: the currencies differ.")
    exact: bool = Field(description="Whether every line of both plans has a known amount.")
    resources: list[Changed]
    not_counted: list[str] = Field(
        [],
        description="Resources that stay as they are, because their change is refused or only for new claims.",
    )


class Change(Part):
    """A setting that changes since an earlier plan."""

    key: str = Field(description="Full key in the stack file.")
    about: str = Field(description="Claim that the line is about, when the key is not the claim's own; else empty.")
    before: str
    after: str
    does: str = Field(description="`in place`, `new, old stays` or `refused`.")
    says: str = Field(description="What happens to the living storage, or the way that keeps its data.")
    source: str = Field(description="Where it is known from.")


class CostSummary(Part):
    """The monthly cost in sums, for the plan and for the stack output `cost`."""

    currency: str = Field(description="ISO code of the currency; empty on platform private, where no price is known.")
    region: str
    total: Sum
    by_role: dict[str, Sum]
    by_medium: dict[str, Sum]


class Cost(CostSummary):
    """The monthly cost of storage, with its lines."""

    by_resource: dict[str, Sum]
    lines: list[Line]
    free: dict[str, str] = Field(description="Type token of a resource -> why it costs nothing.")
    levers: list[Lever]
    in_reference_region: RegionSum | None = Field(
        description="The same products in the region with the most known prices; null: no further price would be known."
    )
    assumptions: list[str]
    sources: list[str]
    against: Against | None = Field(None, description="Comparison with an earlier plan; only with --against.")


class ClaimSpeed(Part):
    """The speed of one claim."""

    claim: str
    roles: str
    iops: int | None
    mib_s: float | None
    load_seconds: float | None
    load_seconds_one_thread: float | None
    formula: str
    source: str


class Performance(Part):
    """The speed of the storage of all claims."""

    model_gib: Number
    claims: list[ClaimSpeed]
    assumptions: list[str]


class Budget(Part):
    """Whether the cost is within the budget."""

    monthly: int | None
    verdict: Literal["none", "within", "unsure", "unchecked", "over"]
    text: str
    not_checked: list[str] = Field(description="Lines of the cost whose amount is unknown: no budget holds them.")


class Plan(Part):
    """What a stack would make and cost, and how fast its storage would be."""

    model_config = ConfigDict(title="Plan of Kotaemon storage, format 1")

    format: Literal[1]
    stack: str
    platform: Literal["private", "aws", "alicloud"]
    made_by: str
    resources: list[Resource]
    storage: dict[str, Mount] = Field(description="Role -> where its data is.")
    guard: list[Verdict]
    policy: list[Violation]
    zones: Zones
    network: list[Talk] = Field(
        default_factory=list[Talk], description="Who may talk to whom, where the cluster's network enforces policies."
    )
    cost: Cost
    performance: Performance
    budget: Budget
    outputs: dict[str, Any] = Field(description="Stack outputs, without those that have a section of the plan.")
    warnings: list[str]
    known_at_up: list[str]
    facts: dict[str, Any] = Field(
        {}, description="Settings that have an effect on storage, without secrets, for a comparison with a later plan."
    )
    changes: list[Change] = Field([], description="Settings that change since an earlier plan; only with --against.")
    memory: dict[str, Any] = Field(
        default={}, description="Where everything is, for comparisons; described in stacks/memory.py."
    )

    @property
    def text(self) -> str:
        """The plan as JSON."""
        # Fields that were never set, such as a comparison that nobody asked for, are left out.
        return json.dumps(self.model_dump(mode="json", exclude_unset=True), indent=2) + "\n"


def schema_text() -> str:
    """The text of plan/plan.schema.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text())
