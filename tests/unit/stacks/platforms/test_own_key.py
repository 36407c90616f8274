"""The policy of a key of the user's own is looked at in a preview, and what it lacks is printed as it has to be added."""

import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from plan.recorder import Run
from tests.unit.stacks.platforms.test_aws import ACCOUNT, Account, run
from tests.unit.stacks.platforms.test_aws_settings import KEY, example, single


class Refused(grpc.RpcError):
    """What the engine answers when a function of a provider failed."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "AccessDeniedException: cloudformation:GetResource"


DRIVER = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi-driver"


def told(
    pulumi_run: Callable[..., Run], account: Account, values: dict[str, Any], *, preview: bool = True
) -> list[str]:
    made = run(pulumi_run, values, account, preview=preview)
    return [
        line.removeprefix("kotaemon:aws.keyArn: ") for line in made.warnings if line.startswith("kotaemon:aws.keyArn")
    ]


def test_a_policy_that_leaves_it_to_iam_is_nothing_to_talk_about(pulumi_run: Callable[..., Run]) -> None:
    account = Account()
    assert told(pulumi_run, account, single(keyArn=KEY)) == []
    assert "getResource" in account.asked


@pytest.mark.parametrize("preview", [True, False])
def test_what_is_missing_is_printed_as_statements(pulumi_run: Callable[..., Run], preview: bool) -> None:
    admins = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admins"}
    only = {"Statement": [{"Effect": "Allow", "Principal": admins, "Action": "kms:*", "Resource": "*"}]}
    (line,) = told(pulumi_run, Account(key_policy=only), single(keyArn=KEY), preview=preview)
    assert line.startswith("the policy of the key lacks these statements, or says them in other words: ")
    statements = json.loads(line[line.index("[") :])
    assert [one["Sid"] for one in statements] == [
        "VolumesUseTheKey",
        "VolumesGrantTheKeyToAwsServices",
        "ServicesUseTheKeyForTheAccount",
    ]
    assert statements[0]["Principal"] == {"AWS": [DRIVER]}
    account = Account(key_policy={"Statement": [*only["Statement"], *statements]})
    assert told(pulumi_run, account, single(keyArn=KEY), preview=preview) == []


def test_the_services_of_the_stack_are_looked_for(pulumi_run: Callable[..., Run]) -> None:
    values = example("aws-scaled")
    values["aws"]["keyArn"] = KEY
    (line,) = told(pulumi_run, Account(key_policy={"Statement": []}), values)
    (services,) = json.loads(line[line.index("[") :])
    assert services["Condition"]["StringEquals"]["kms:ViaService"] == [
        "fsx.eu-central-1.amazonaws.com",
        "rds.eu-central-1.amazonaws.com",
    ]


def test_a_policy_that_may_not_be_read_stops_nothing_and_is_said(pulumi_run: Callable[..., Run]) -> None:
    class Forbidden(Account):
        def getResource(self, given: Any) -> dict[str, Any]:
            assert given["typeName"] == "AWS::KMS::Key"
            raise Refused

    (line,) = told(pulumi_run, Forbidden(), single(keyArn=KEY), preview=False)
    assert line.startswith("the policy of the key was not read (")
    assert "AccessDeniedException" in line


def test_that_of_another_account_is_not_asked_for(pulumi_run: Callable[..., Run]) -> None:
    """KMS tells a policy in the key's own account only (KMS developer guide, cross-account use)."""
    account = Account()
    (line,) = told(pulumi_run, account, single(keyArn=KEY.replace(ACCOUNT, "999999999999")))
    assert line.startswith("the key is of another account, so its policy has to have these statements: ")
    assert "getResource" not in account.asked


def test_a_plan_without_an_account_says_nothing(pulumi_run: Callable[..., Run]) -> None:
    made = run(pulumi_run, single(keyArn=KEY), preview=True)
    assert not [line for line in made.warnings if "policy of the key" in line]
