"""Quotas that are too small are said in a preview, with the number that is missing and the command that asks for it."""

from collections.abc import Callable
from typing import Any

import pytest

from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.openzfs import OpenZfs
from plan.recorder import Run
from stacks.platforms.aws.quotas import wanted
from tests.unit.stacks.platforms.test_aws import Account, NotThere, run
from tests.unit.stacks.platforms.test_aws_settings import example

KEY = "kotaemon:aws.quotas: "
MINE = {"app": "kotaemon", "stack": "aws-test"}


class WithQuotas(Account):
    """An account with quotas: what is not named is large."""

    def __init__(self, limits: dict[str, float], there: list[dict[str, str]] | None = None) -> None:
        super().__init__()
        self.limits, self.there = limits, there or []

    def getServiceQuota(self, given: Any) -> Any:
        return {"value": self.limits.get(given["quotaCode"], 1e9), "quotaName": "as it is called"}

    def getResources(self, given: Any) -> Any:
        assert given["resourceTypeFilters"] == ["rds:db"]
        return {"resourceTagMappingLists": [{"resourceArn": "arn", "tags": tags} for tags in self.there]}


def told(
    pulumi_run: Callable[..., Run], account: Account | None, *, asks: bool = True, preview: bool = True
) -> list[str]:
    values = example("aws-scaled")
    values["aws"]["quotas"] = asks
    made = run(pulumi_run, values, account, preview=preview)
    return sorted(line.removeprefix(KEY) for line in made.warnings if line.startswith(KEY))


def test_large_quotas_are_nothing_to_talk_about(pulumi_run: Callable[..., Run]) -> None:
    account = WithQuotas({})
    assert told(pulumi_run, account) == []
    assert "getServiceQuota" in account.asked


@pytest.mark.parametrize("preview", [True, False])
def test_what_is_missing_is_said_with_its_number(pulumi_run: Callable[..., Run], preview: bool) -> None:
    """One instance is this stack's own, of an earlier run."""
    account = WithQuotas({"L-7B6409FD": 2}, [{}, {"stack": "other", "app": "kotaemon"}, MINE])
    (line,) = told(pulumi_run, account, preview=preview)
    assert line == (
        "DB instances of rds: the quota is 2, at least 2 are there, and the stack has 1, so 1 are missing; `aws "
        "service-quotas request-service-quota-increase --service-code rds --quota-code L-7B6409FD --desired-value 3` asks "
        "for them"
    )
    assert told(pulumi_run, WithQuotas({"L-7B6409FD": 3}, [{}, {}])) == []


def test_an_amount_is_held_against_what_the_stack_itself_has(pulumi_run: Callable[..., Run]) -> None:
    (line,) = told(pulumi_run, WithQuotas({"L-8F1B9C74": 1000}))
    assert line.startswith(
        "Lustre Persistent_2 storage capacity (GiB) of fsx: the quota is 1000, and the stack has 1200, so 200"
    )


def test_nobody_is_asked_without_the_key_nor_in_a_plan(pulumi_run: Callable[..., Run]) -> None:
    account = WithQuotas({"L-7B6409FD": 0})
    assert told(pulumi_run, account, asks=False) == []
    assert "getServiceQuota" not in account.asked
    assert told(pulumi_run, None) == []


def test_a_right_that_is_missing_stops_nothing_and_is_said(pulumi_run: Callable[..., Run]) -> None:
    class Forbidden(WithQuotas):
        def getServiceQuota(self, given: Any) -> Any:
            if given["serviceCode"] == "rds":
                raise NotThere("AccessDeniedException: servicequotas:GetServiceQuota")
            return super().getServiceQuota(given)

    (line,) = told(pulumi_run, Forbidden({}), preview=False)
    assert line.startswith("DB instances of rds was not read (")


def test_what_several_products_use_is_added_up() -> None:
    found = {
        use.name: use.amount
        for use in wanted([EbsDisk(512, "gp3"), EbsDisk(1536, "gp3"), EbsDisk(9, "io2"), Efs(1), Efs(2)])
    }
    assert found == {"Storage for gp3 volumes (TiB)": 2, "File systems per account": 2}
    assert len(wanted([OpenZfs(64, "SINGLE_AZ_2", 160)])) == 3
