"""The permissions boundary of the stack file is on every IAM role that the stack makes."""

from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Registration, Run
from stacks.platforms.aws.settings import AwsSettings
from tests.unit.stacks.platforms.test_aws import ACCOUNT, Account, found, run
from tests.unit.stacks.platforms.test_aws_settings import errors, settings, single

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/teams/boundary"
INSTALL = {"mode": "install"}


class WithImages(Account):
    """The same account, with Debian's images."""

    def getAmi(self, _: Any) -> dict[str, Any]:
        return {"id": "ami-0a1b2c3d4e5f60718"}


def roles(pulumi_run: Callable[..., Run], **section: Any) -> list[Registration]:
    """The roles of a stack with every driver, a mounted bucket and a machine with a snapshot schedule."""
    values = found(drivers={"ebs": INSTALL, "efs": INSTALL, "fsx": INSTALL, "s3": INSTALL}, **section)
    values["storage"]["claims"]["files"] = {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}
    return run(pulumi_run, values, WithImages()).of("aws:iam/role:Role")


def test_every_role_has_it(pulumi_run: Callable[..., Run]) -> None:
    made = roles(pulumi_run, permissionsBoundary=BOUNDARY)
    assert sorted(role.name for role in made) == [
        "aws-ebs-csi-driver-role",
        "aws-efs-csi-driver-role",
        "aws-mountpoint-s3-csi-driver-role",
        "kotaemon-files-snapshots-role",
    ]
    assert {role.inputs["permissionsBoundary"] for role in made} == {BOUNDARY}


def test_without_it_none_has(pulumi_run: Callable[..., Run]) -> None:
    made = roles(pulumi_run)
    assert len(made) == 4
    assert not any("permissionsBoundary" in role.inputs for role in made)


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("boundary", "must be the ARN of an IAM policy, for example arn:aws:iam::111122223333:policy/boundary"),
        (f"arn:aws:iam::{ACCOUNT}:role/boundary", "must be the ARN of an IAM policy"),
        ("arn:aws-cn:iam::111122223333:policy/b", "is an ARN of partition aws-cn; region eu-central-1 is in aws"),
        (
            "arn:aws:iam::444455556666:policy/b",
            "is a policy of account 444455556666; IAM takes one of account 111122223333",
        ),
    ],
)
def test_a_boundary_that_iam_would_refuse(arn: str, message: str) -> None:
    (error,) = errors(single(permissionsBoundary=arn))
    assert message in error


def test_a_policy_of_aws_itself_may_be_one() -> None:
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    assert settings(single(permissionsBoundary=arn)).section(AwsSettings).permissions_boundary == arn
