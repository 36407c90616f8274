"""Rows of a plan's tables, the same for the terminal and for Markdown."""

from collections.abc import Mapping

from plan.document import Change, ClaimSpeed, CostSummary, Line, Mount, Plan, Sum

UNKNOWN = "unknown"
STORAGE = ("role", "claim", "medium", "access mode", "folder", "zones", "encrypted by")
RESOURCES = ("component", "kind", "object", "data")
COST = ("resource", "roles", "what", "quantity", "price", "a month")
SUMS = ("of", "a month")
SPEED = ("claim", "IOPS", "MiB/s", "models loaded in", "by one thread")
LEVERS = ("change", "saves a month", "gives up", "living storage")
POLICY = ("policy", "rule", "resource", "why")
CHANGED = ("resource", "before", "after")
NETWORK = ("pods", "", "others", "ports")
CHANGES = ("setting", "change", "does", "living storage")
VERDICTS = ("verdict", "rule", "about", "why", "change")


def storage(role: str, mount: Mount, unknown_zone: str) -> tuple[str, ...]:
    """One row of the storage table. `unknown_zone`: shown for a disk whose zone is decided by its first pod."""
    any_zone = unknown_zone if mount.medium in ("block", "node") else "every zone"
    access = mount.access_mode + (" (read-only)" if mount.read_only else "")
    zones = ", ".join(mount.zones) or any_zone
    return (role, mount.claim, mount.medium, access, mount.sub_path, zones, mount.encrypted_by)


def resources(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the resources that a plan makes, by component."""
    listed = sorted(plan.resources, key=lambda r: (r.component, r.kind, r.object))
    return [(r.component or "-", r.kind, r.object, "kept" if r.holds_data else "") for r in listed]


def verdicts(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the guard's verdicts."""
    return [
        (
            "overridden" if v.overridden else v.severity,
            v.rule,
            ", ".join(part for part in (v.role, v.claim) if part) or "the pod",
            v.message,
            v.overridden or v.fix,
        )
        for v in plan.guard
    ]


def violations(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the policy violations."""
    return [
        (
            "excepted" if v.excepted else v.level,
            v.rule,
            f"{v.type.rpartition(':')[2]} {v.name}",
            v.message + (f" (exception: {v.excepted})" if v.excepted else ""),
        )
        for v in plan.policy
    ]


def network(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of who may talk to whom."""
    words = {"in": "from", "out": "to"}
    return [(talk.pods, words[talk.direction], talk.peer, talk.ports) for talk in plan.network]


def warnings(plan: Plan) -> list[str]:
    """The program's warnings, without those that the guard's verdicts show already."""
    told = tuple(f"{v.rule}{sign}" for v in plan.guard for sign in (",", ":"))
    return [line for line in plan.warnings if not line.removeprefix("overridden: ").startswith(told)]


def cost(plan: Plan) -> list[tuple[str, ...]]:
    """One row for each line of the cost. A line without a known price says so, and shows that of another region."""
    return [
        (
            line.resource,
            line.roles,
            line.what,
            "by use" if line.quantity is None else f"{line.quantity:g}",
            _price(line),
            UNKNOWN if line.amount is None else f"{line.amount:.2f}",
        )
        for line in plan.cost.lines
    ]


def _price(line: Line) -> str:
    if line.price is not None:
        return f"{line.price:g} / {line.unit}"
    if line.reference_price is None:
        return UNKNOWN
    return f"{UNKNOWN}; {line.reference_region}: {line.reference_price:g} / {line.unit}"


def sums(found: Mapping[str, Sum], currency: str) -> list[tuple[str, str]]:
    """Rows of sums by role, medium or resource."""
    return [(key, amount(value, currency)) for key, value in found.items()]


def amount(found: Sum, currency: str) -> str:
    """A sum in words: an exact amount, `at least` an amount, or unknown."""
    missing = [f"{count} {what}" for count, what in ((found.unknown, "unknown"), (found.by_use, "by use")) if count]
    if not missing:
        return f"{found.known:.2f} {currency}"
    start = f"at least {found.known:.2f} {currency}" if found.known else UNKNOWN
    return f"{start} ({', '.join(missing)})"


def total(plan: Plan) -> list[str]:
    """The cost in sentences: total, comparisons and budget."""
    cost = plan.cost
    lines = [monthly(cost)]
    if not cost.currency:
        return lines
    if other := cost.in_reference_region:
        lines.append(
            f"For comparison, the same in {other.region}: {amount(other, cost.currency)}; "
            f"not all prices of {cost.region} are known."
        )
    if against := cost.against:
        change = "in another currency" if against.change is None else f"{against.change:+.2f} {cost.currency}"
        exact = "" if against.exact else ", as far as it is known"
        lines.append(f"Against {against.file}: {change} a month{exact}.")
        if against.not_counted:
            lines.append(f"Not counted, because the living storage stays as it is: {', '.join(against.not_counted)}.")
    if plan.budget.verdict != "none":
        lines.append(f"Budget: {plan.budget.text}.")
    return lines


def monthly(cost: CostSummary) -> str:
    """The monthly cost of a plan, or of the stack output `cost`, in one sentence."""
    if not cost.currency:
        return "The cost of storage of your own is not known."
    if (total_ := cost.total).unknown:
        lines = "line of its cost has" if total_.unknown == 1 else "lines of its cost have"
        return (
            f"Storage is unpriced: {total_.unknown} {lines} no known price in {cost.region}; what is known is "
            f"{amount(total_, cost.currency)} a month."
        )
    return f"Storage costs {amount(cost.total, cost.currency)} a month."


def changes(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Rows of the settings that change since an earlier plan: those that are refused first."""
    order = ("refused", "new, old stays", "in place")
    found = sorted(plan.changes, key=lambda change: order.index(change.does))
    return [(_setting(c), f"{c.before} -> {c.after}", c.does, c.says) for c in found]


def _setting(change: Change) -> str:
    return change.key.removeprefix("kotaemon:") + (f" (claim {change.about})" if change.about else "")


def against(plan: Plan) -> list[tuple[str, str, str]]:
    """Rows of the resources whose cost changes."""
    found = plan.cost.against
    return [(r.resource, _money(r.before), _money(r.after)) for r in found.resources] if found else []


def levers(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Rows of the suggestions that save money."""
    currency = plan.cost.currency
    return [(x.change, f"{x.saves:.2f} {currency}", x.gives_up, x.does) for x in plan.cost.levers]


def speed(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the speed of each claim."""
    return [
        (
            c.claim,
            UNKNOWN if c.iops is None else f"{c.iops}",
            UNKNOWN if c.mib_s is None else f"{c.mib_s:g}",
            _seconds(c, c.load_seconds),
            _seconds(c, c.load_seconds_one_thread),
        )
        for c in plan.performance.claims
    ]


def formulas(plan: Plan) -> list[str]:
    """The formula and the source of each claim's speed."""
    return [f"{c.claim}: {c.formula}" + (f" ({c.source})" if c.source else "") for c in plan.performance.claims]


def _seconds(claim: ClaimSpeed, seconds: float | None) -> str:
    if "models" not in claim.roles.split(", "):
        return ""
    return UNKNOWN if seconds is None else f"{seconds:g} s"


def _money(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
