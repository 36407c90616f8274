"""What the policy of an existing key lacks: by whole statements, and never silent about what it cannot judge."""

from typing import Any

import pytest

from components.encryption.aws import KeyService, key_policy
from components.encryption.key_policy import lacking

ACCOUNT, REGION = "111122223333", "eu-central-1"
DRIVER = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi"
EC2 = "ec2.eu-central-1.amazonaws.com"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
_, USE, GRANT, SERVICES = key_policy(ACCOUNT, REGION, volume_roles=[DRIVER], services=[KeyService.EFS])["Statement"]
NEEDED = [USE, GRANT, SERVICES]
ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey*", "kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey"]


def allow(principal: Any, action: Any, **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return {**found, **({"Condition": condition} if condition else {})}


def sids(*statements: dict[str, Any]) -> list[str]:
    return [one["Sid"] for one in lacking({"Statement": list(statements)}, ACCOUNT, EC2, NEEDED)]


WHOLE = [one["Sid"] for one in NEEDED]


@pytest.mark.parametrize("principal", [ROOT, {"AWS": ACCOUNT}, {"AWS": ["arn:aws:iam::9:role/x", ROOT["AWS"]]}])
def test_a_policy_that_leaves_it_to_iam_lacks_nothing(principal: dict[str, Any]) -> None:
    assert sids(allow(principal, "kms:*")) == []


def test_what_the_stack_writes_for_its_own_key_is_enough() -> None:
    assert sids(*NEEDED) == []


@pytest.mark.parametrize("left_out", NEEDED, ids=WHOLE)
def test_a_statement_that_is_missing_is_named(left_out: dict[str, Any]) -> None:
    assert sids(*(one for one in NEEDED if one is not left_out)) == [left_out["Sid"]]


def test_nothing_lets_nobody_in() -> None:
    assert sids() == WHOLE
    assert sids(allow({"AWS": "arn:aws:iam::444455556666:root"}, "kms:*")) == WHOLE
    assert sids(allow({"Service": "ec2.amazonaws.com"}, "kms:*")) == WHOLE


def test_through_ec2_is_how_a_driver_uses_it() -> None:
    """As the console writes it for aws/ebs: everybody of the account, through EC2."""
    via = {"kms:ViaService": EC2, "kms:CallerAccount": ACCOUNT}
    assert sids(allow({"AWS": "*"}, ["kms:*"], StringEquals=via)) == ["ServicesUseTheKeyForTheAccount"]
    assert sids(allow({"AWS": "*"}, ["kms:*"], StringLike={"kms:ViaService": "*.amazonaws.com"})) == []


def test_some_of_the_actions_are_not_enough() -> None:
    assert "VolumesUseTheKey" in sids(allow({"AWS": DRIVER}, ["kms:Decrypt", "kms:CreateGrant"]))
    assert sids(allow({"AWS": DRIVER}, [*ACTIONS, "kms:CreateGrant"]), SERVICES) == []


def test_a_condition_that_is_not_known_is_not_met() -> None:
    assert sids(allow(ROOT, "kms:*", StringEquals={"aws:SourceVpce": "vpce-1"})) == WHOLE
    assert sids(allow(ROOT, "kms:*", StringNotEquals={"kms:CallerAccount": "9"})) == WHOLE


def test_what_is_forbidden_is_missing_whatever_else_is_allowed() -> None:
    forbidden = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}
    assert sids(allow(ROOT, "kms:*"), forbidden) == [GRANT["Sid"], SERVICES["Sid"]]
    elsewhere = {**forbidden, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}
    assert sids(allow(ROOT, "kms:*"), elsewhere) == []
