"""Every resource type of every example stack is priced, free with a reason, or listed as unknown."""

import pytest

from estimate.cost import Bought, Estimate, Mount, bought, estimate_bought
from estimate.product import Free, Product, Unknown
from estimate.products.alicloud_backups import Backups
from estimate.products.apsaradb import ApsaraPostgres
from estimate.products.aws_key import AwsKey
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.essd import EssdDisk
from estimate.products.lustre import Lustre
from estimate.products.nas import Nas
from estimate.products.openzfs import OpenZfs
from estimate.products.own_class import OwnClass
from estimate.products.own_storage import OwnStorage
from estimate.products.rds import RdsPostgres
from estimate.recognise import Plan
from runner import stack
from runner.analysis import resources_of
from stacks import cost
from tests.unit.runner.plans import STACKS, run

MISSING_RULES = "no price rule knows"


def costed(name: str) -> Estimate:
    found, platform = run(name), stack.read(name).settings.platform
    return cost.estimated(resources_of(found), found.outputs["storage"].value, platform, None)


@pytest.mark.parametrize("name", STACKS)
def test_every_type_is_known(name: str) -> None:
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    reasons = {r.type: found.reason for r in plan.resources if isinstance(found := plan.recognise(r), Unknown)}
    assert {kind: reason for kind, reason in reasons.items() if MISSING_RULES in reason} == {}


@pytest.mark.parametrize("name", STACKS)
def test_every_resource_is_a_line_or_free(name: str) -> None:
    found = costed(name)
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    billed = {line.resource for line in found.lines}
    free = {r.name for r in plan.resources if isinstance(plan.recognise(r), Free)}
    assert {r.name for r in plan.resources} - billed - free == set()


@pytest.mark.parametrize("name", STACKS)
def test_every_claim_has_a_line_and_no_line_is_zero(name: str) -> None:
    found = costed(name)
    assert {m.claim for m in cost.mounts(run(name).outputs["storage"].value)} <= {line.claim for line in found.lines}
    assert [line for line in found.lines if line.amount == 0] == []
    assert [line for line in found.lines if (line.amount is None) != bool(line.unknown)] == []


@pytest.mark.parametrize("name", STACKS)
def test_the_order_in_which_things_are_bought_changes_nothing(name: str) -> None:
    found = costed(name)
    again = estimate_bought(reversed(found.bought), found.platform, found.region, free=found.free)
    assert again == found


def values(name: str, mounts: list[Mount]) -> list[Bought]:
    """What an example buys, said without any resource."""

    def of(claim: str, product: Product, end: str) -> Bought:
        return bought(f"{claim}{end}", product, claim, mounts)

    size = {mount.claim: mount.size_gib for mount in mounts}.get("kotaemon-files", 0)
    share = [of("kotaemon-files", OwnStorage(size), "")]
    nas = of("kotaemon-files", Nas(size, "standard", "Performance"), "-file-system")
    on_nas = [nas, of("kotaemon-files", Backups("hbr.vault.storage"), "-vault")]
    stores = [
        bought("kotaemon-vectors-disk-claim", OwnClass(50, "dev-block"), roles="indexes"),
        bought("kotaemon-database-disk-claim", OwnClass(20, "dev-block"), roles="sessions"),
    ]
    database = "kotaemon-database-instance"
    match name:
        case "dev":
            return [*share, of("kotaemon-disk", OwnClass(20, "dev-block"), "-claim")]
        case "private-scaled":
            return [*share, *stores]
        case "aws-single":
            files, disk = of("kotaemon-files", Efs(100), "-files"), of("kotaemon-disk", EbsDisk(50, "gp3"), "-claim")
            return [files, disk, bought("key-key", AwsKey())]
        case "aws-scaled":
            shared, weights = OpenZfs(256, "MULTI_AZ_1", 160), Lustre(1200, "PERSISTENT_2", 125)
            files = [of("kotaemon-weights", weights, "-files"), of("kotaemon-shared", shared, "-files")]
            return [bought(database, RdsPostgres("db.t4g.small", 20, True)), bought("key-key", AwsKey()), *files]
        case "alicloud-single":
            return [*on_nas, of("kotaemon-disk", EssdDisk(40, "cloud_auto"), "-claim")]
        case "alicloud-scaled":
            return [*on_nas, bought(database, ApsaraPostgres("pg.x4.medium.2c", 50))]
        case _:
            raise ValueError(name)


@pytest.mark.parametrize("name", STACKS)
def test_plain_values_cost_what_the_resources_cost_line_by_line(name: str) -> None:
    found = costed(name)
    said = estimate_bought(
        values(name, cost.mounts(run(name).outputs["storage"].value)), found.platform, found.region, free=found.free
    )
    assert said.bought == found.bought
    assert said == found
