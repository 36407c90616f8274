"""The plan as data, as Markdown and in the terminal."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import policy
from components.contract import Platform
from estimate.cost import Bought, Estimate, Line
from estimate.cost import Sum as ExactSum
from estimate.products.efs import Efs
from plan import cli, collect, compare, document, rows, stack_file, terminal
from plan.document import Budget, Plan, SecondPod, Sum
from plan.exits import UserError
from plan.markdown import markdown
from policy import Level, Violation
from tests.unit.plan.plans import STACKS
from tests.unit.plan.plans import plan as planned

EBS = """
config:
  kotaemon:platform: aws
  kotaemon:budget: {budget}
  kotaemon:estimate: {{modelGib: 5}}
  kotaemon:aws:
    region: us-east-1
    account: "111122223333"
    vpc: vpc-0a1b2c3d4e5f60718
    subnets: {{us-east-1a: subnet-0a1b2c3d4e5f6071a}}
    securityGroups: {{nodes: sg-0a1b2c3d4e5f60718}}
    networks: [10.0.0.0/16]
    keyArn: arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000
  kotaemon:storage:
    claims:
      disk: {{kind: ebs, size: {size}, iops: {iops}}}
"""


def write(project: Path, budget: int, iops: int = 3000, size: str = "100Gi") -> None:
    (project / "Pulumi.x.yaml").write_text(EBS.format(budget=budget, iops=iops, size=size))


@pytest.mark.parametrize("name", STACKS)
def test_every_plan_is_of_the_schema_and_the_schema_says_everything(name: str) -> None:
    text = planned(name).text
    assert Plan.model_validate_json(text).text == text


def test_the_committed_schema_is_fresh() -> None:
    assert document.SCHEMA_FILE.read_text() == document.schema_text(), "run `python -m plan.document`"


@pytest.mark.parametrize("name", STACKS)
def test_the_terminal_view_fits_100_columns(name: str) -> None:
    text = view(planned(name))
    assert max(len(line) for line in text.splitlines()) <= terminal.WIDTH


def view(plan: Plan) -> str:
    """The terminal view as text."""
    out = io.StringIO()
    terminal.show(plan, Console(file=out, width=terminal.WIDTH, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("name", STACKS)
def test_the_markdown_has_a_picture_and_every_section(name: str) -> None:
    text = markdown(planned(name))
    headings = [line for line in text.splitlines() if line.startswith("##")]
    assert headings[0].startswith(f"## Plan of stack `{name}` (")
    headings = [heading for heading in headings if heading != "### Policy"]
    assert headings[1:7] == ["### Storage", "### Guard", "### Zones", "### Cost", "### Performance", "### Outputs"]
    assert '```mermaid\nflowchart LR\n  users(["users"]) --> pods["Kotaemon pods in ' in text


def test_two_plans_of_one_stack_are_the_same_text() -> None:
    # independent resources register in any order
    assert collect.make(stack_file.read("aws-scaled")).text == planned("aws-scaled").text


def test_what_holds_a_second_pod_is_said_and_nothing_else_is() -> None:
    pods = json.loads(planned("dev").text)["zones"]["pods"]
    assert [pod["second_pod"] for pod in pods] == [{}]
    held = {"second_pod": {"reason": "claim-held", "claims": ["disk"]}}
    pod = planned("dev").zones.pods[0].model_dump() | held
    assert document.ZonedPod.model_validate(pod).second_pod == SecondPod(reason="claim-held", claims=["disk"])


def test_brackets_in_a_value_are_no_markup_of_the_terminal() -> None:
    warned = planned("dev").model_copy(update={"outputs": {"password": "[secret]"}, "warnings": ["use [hard] mounts"]})
    printed = view(warned)
    assert "password   [secret]" in printed
    assert "warning: use [hard] mounts\n" in printed


def test_a_plan_within_its_budget(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, budget=8)
    assert cli.main(["plan", "--stack", "x"]) == 0
    assert "Storage costs 8.00 USD a month.\nBudget: within the budget of 8 USD a month.\n" in capsys.readouterr().out
    plan = json.loads((project / "build/plan/x.json").read_text())
    assert plan["cost"]["total"] == {"known": 8.0, "unknown": 0, "by_use": 0}
    assert plan["performance"]["claims"][0]["load_seconds"] == round(5 * 1024 / 125, 1)


def test_a_plan_above_its_budget_ends_with_3_and_is_written_all_the_same(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, budget=7)
    assert cli.main(["plan", "--stack", "x"]) == 3
    assert "Budget: 1.00 USD above the budget of 7 USD a month." in capsys.readouterr().out
    assert json.loads((project / "build/plan/x.json").read_text())["budget"]["verdict"] == "over"
    assert "1.00 USD above the budget" in (project / "build/plan/x.md").read_text()


@pytest.mark.parametrize(
    ("known", "by_use", "monthly", "verdict", "text"),
    [
        ("8", 0, None, "none", "no budget is given (kotaemon:budget)"),
        ("8", 0, 8, "within", "within the budget of 8 USD a month"),
        (
            "8",
            1,
            8,
            "unsure",
            "the known part of the cost (8.00 USD, 1 of 2 lines) is within the budget of 8 USD a month; not checked, as "
            "price or use is unknown: r: storage",
        ),
        (
            "8.01",
            1,
            8,
            "over",
            "0.01 USD above the budget of 8 USD a month; not checked, as price or use is unknown: r: storage",
        ),
    ],
)
def test_what_is_unknown_makes_a_budget_unsure_never_within(
    known: str, by_use: int, monthly: int | None, verdict: str, text: str
) -> None:
    from decimal import Decimal

    place = ("r", "c", "models", "file", "storage")
    lines = [Line(*place, Decimal(1), None, Decimal(known), "", "")]
    lines += [Line(*place, None, None, None, "", "depends on use")] * by_use
    found = Estimate(Platform.AWS, "us-east-1", "USD", tuple(lines), (Bought("r", "c", "", "", Efs(1)),))
    assert found.total == ExactSum(Decimal(known), by_use=by_use)
    assert collect.budget(found, monthly) == Budget.model_validate(
        {"monthly": monthly, "verdict": verdict, "text": text, "not_checked": ["r: storage"] * by_use}
    )


@pytest.mark.parametrize(
    ("priced", "unpriced", "verdict"), [(9, 1, "unsure"), (8, 1, "unchecked"), (1, 3, "unchecked")]
)
def test_a_budget_that_too_few_prices_are_known_for_was_not_checked(priced: int, unpriced: int, verdict: str) -> None:
    from decimal import Decimal

    place = ("r", "c", "models", "file", "storage")
    known = [Line(*place, Decimal(1), None, Decimal(1), "", "")] * priced
    lines = (*known, *[Line(*place, Decimal(1), None, None, "", "no price")] * unpriced)
    told = collect.budget(Estimate(Platform.AWS, "us-east-1", "USD", lines, ()), 90)
    assert told.verdict == verdict
    if verdict == "unchecked":
        text = (
            f"the budget of 90 USD a month could not be checked: a price is known for {priced} of {priced + unpriced}"
        )
        assert told.text.startswith(text)


def test_a_budget_of_which_nothing_is_known_was_not_checked() -> None:
    lines = (Line("r", "c", "models", "file", "reading", None, None, None, "", "depends on use"),)
    found = Estimate(Platform.AWS, "us-east-1", "USD", lines, ())
    told = collect.budget(found, 90)
    assert (told.verdict, told.not_checked) == ("unsure", ["r: reading"])
    assert told.text.startswith("the budget of 90 USD a month could not be checked: no amount is known; not checked")


def test_the_difference_against_an_earlier_plan(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, budget=100)
    assert cli.main(["plan", "--stack", "x", "--out", "deployed"]) == 0
    write(project, budget=100, size="200Gi")
    assert cli.main(["plan", "--stack", "x", "--against", "deployed/x.json"]) == 0
    assert "Against x.json: +8.00 USD a month.\n" in capsys.readouterr().out
    plan = json.loads((project / "build/plan/x.json").read_text())
    assert plan["cost"]["against"] == {
        "file": "x.json",
        "before": {"known": 8.0, "unknown": 0, "by_use": 0},
        "change": 8.0,
        "exact": True,
        "resources": [{"resource": "kotaemon-disk-claim", "before": 8.0, "after": 16.0}],
        "not_counted": [],
    }
    (change,) = plan["changes"]
    assert (change["key"], change["does"]) == ("kotaemon:storage.claims.disk.size", "in place")
    assert json.loads(Plan.model_validate(plan).text) == plan
    assert "| kotaemon-disk-claim | 8.00 | 16.00 |" in (project / "build/plan/x.md").read_text()


def test_what_the_living_disk_does_not_take_is_no_saving(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, budget=100, iops=5000)
    assert cli.main(["plan", "--stack", "x", "--out", "deployed"]) == 0
    write(project, budget=100, iops=3000)
    assert cli.main(["plan", "--stack", "x", "--against", "deployed/x.json"]) == 0
    out = capsys.readouterr().out
    assert "new, old stays" in out
    assert "Against x.json: +0.00 USD a month.\n" in out
    assert "Not counted, because the living storage stays as it is: kotaemon-disk-claim.\n" in out


def test_an_impossible_shrink_is_refused_and_no_saving(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, budget=100)
    assert cli.main(["plan", "--stack", "x", "--out", "deployed"]) == 0
    write(project, budget=100, size="50Gi")
    assert cli.main(["plan", "--stack", "x", "--against", "deployed/x.json"]) == 2
    assert "Against x.json: +0.00 USD a month.\n" in capsys.readouterr().out
    (change,) = json.loads((project / "build/plan/x.json").read_text())["changes"]
    assert change["does"] == "refused"
    assert "cannot shrink" in change["says"]
    assert "refused" in (project / "build/plan/x.md").read_text()


def test_a_plan_of_an_earlier_release_is_compared_by_its_cost(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, budget=100)
    assert cli.main(["plan", "--stack", "x", "--out", "deployed"]) == 0
    old = json.loads(Path("deployed/x.json").read_text())
    del old["facts"], old["changes"]
    Path("deployed/x.json").write_text(json.dumps(old))
    write(project, budget=100, size="50Gi")
    assert cli.main(["plan", "--stack", "x", "--against", "deployed/x.json"]) == 0
    assert "x.json does not say its settings, so only the cost was compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read as a plan: [Errno 2] No such file or directory: 'old.json'"),
        ("{", "is not a plan of format 1: Invalid JSON: EOF while parsing an object"),
        ('{"format": 1}', "is not a plan of format 1: stack: Field required; make it with `make plan`"),
        ('{"format": 2, "cost": {}}', "is not a plan of format 1: format: Input should be 1; make it with `make plan`"),
    ],
)
def test_a_file_that_is_no_plan(project: Path, text: str | None, message: str) -> None:
    if text is not None:
        Path("old.json").write_text(text)
    with pytest.raises(UserError) as error:
        compare.read(Path("old.json"))
    assert f"--against old.json: {message}" in str(error.value)


def test_the_verdicts_are_structured_and_not_told_twice() -> None:
    plan = planned("aws-scaled")
    assert [(v.severity, v.rule, v.role) for v in plan.guard] == [("warn", "lancedb-many-writers", "indexes")]
    assert rows.warnings(plan) == []
    assert len(plan.warnings) == 1


def test_a_mandatory_policy_ends_with_2_and_the_plan_is_written_all_the_same(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, budget=100)
    broken = Violation("pod-user", Level.MANDATORY, "kubernetes:apps/v1:Deployment", "kotaemon", "urn", "runs as root")
    monkeypatch.setattr(policy, "check", lambda resources, config: [broken])
    assert cli.main(["plan", "--stack", "x"]) == 2
    assert "mandatory   pod-user   Deployment kotaemon   runs as root" in capsys.readouterr().out
    plan = json.loads((project / "build/plan/x.json").read_text())
    assert [(v["rule"], v["stops"]) for v in plan["policy"]] == [("pod-user", True)]
    assert "| mandatory | pod-user | Deployment kotaemon | runs as root |" in (project / "build/plan/x.md").read_text()


@pytest.mark.parametrize("name", STACKS)
def test_every_pod_of_an_example_can_run_somewhere(name: str) -> None:
    zones = planned(name).zones
    assert [pod.pod for pod in zones.pods if pod.state != "schedulable"] == []
    assert zones.lines


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Sum(known=8.0, unknown=0, by_use=0), "8.00 USD"),
        (Sum(known=8.0, unknown=1, by_use=2), "at least 8.00 USD (1 unknown, 2 by use)"),
        (Sum(known=0.0, unknown=1, by_use=0), "unknown (1 unknown)"),
    ],
)
def test_a_sum_in_words(found: Sum, text: str) -> None:
    assert rows.amount(found, "USD") == text


def test_a_budget_on_a_private_platform_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Pulumi.x.yaml").write_text(
        "config: {kotaemon:platform: private, kotaemon:budget: 5, kotaemon:storage: {claims: {d: {kind: storage-class, storageClass: f}}}}"
    )
    assert cli.main(["plan", "--stack", "x"]) == 1
    assert capsys.readouterr().err == (
        "error: Pulumi.x.yaml: 1 error, nothing was created:\n"
        "  - kotaemon:budget: '5' is not allowed: platform private has no prices; leave it out\n"
    )
