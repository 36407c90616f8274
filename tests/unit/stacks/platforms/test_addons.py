"""What EKS says of add-ons and their roles is said in a preview, before storage is made that no pod could mount."""

from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Run
from tests.unit.stacks.platforms.test_aws import ACCOUNT, Account, NotThere, dynamic, found, run
from tests.unit.stacks.platforms.test_aws_settings import single

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi-driver"
EBS, EFS, AGENT = "aws-ebs-csi-driver", "aws-efs-csi-driver", "eks-pod-identity-agent"
INSTALL = {"mode": "install"}
BOTH = {EBS: {"addonVersion": "v1.62.0-eksbuild.1", "serviceAccountRoleArn": ROLE}, EFS: {"addonVersion": "v2.1.9"}}


def told(
    pulumi_run: Callable[..., Run], account: Account | None, values: dict[str, Any], *, preview: bool = True
) -> list[str]:
    """What a preview says of drivers, without the key that everything begins with."""
    made = run(pulumi_run, values, account, preview=preview)
    said = [line for line in made.warnings if line.startswith("kotaemon:aws.drivers")]
    return sorted(line.removeprefix("kotaemon:aws.drivers.") for line in said)  # answers come in any order


def named(**section: Any) -> dict[str, Any]:
    """A stack that knows its cluster by name only."""
    values = found(**section)
    del values["cluster"]
    return values


def test_adopted_add_ons_with_their_roles_are_nothing_to_talk_about(pulumi_run: Callable[..., Run]) -> None:
    account = Account(addons=BOTH)
    assert told(pulumi_run, account, named()) == []
    assert account.asked.count("getAddon") == 2


@pytest.mark.parametrize("preview", [True, False])
def test_an_add_on_that_is_not_there_is_said(pulumi_run: Callable[..., Run], preview: bool) -> None:
    (line,) = told(pulumi_run, Account(addons={EBS: BOTH[EBS]}), named(), preview=preview)
    assert line.startswith(
        "efs: cluster prod has no add-on aws-efs-csi-driver. Unless a chart has installed the driver"
    )
    assert "`kubectl get csidriver efs.csi.aws.com` shows it" in line


def test_where_the_cluster_itself_is_asked_a_chart_is_no_riddle(pulumi_run: Callable[..., Run]) -> None:
    """With a kubeconfig the cluster tells whether the driver is there, whoever installed it."""
    assert told(pulumi_run, Account(), found()) == []


def test_an_add_on_without_a_role_is_said_with_the_commands(pulumi_run: Callable[..., Run]) -> None:
    account = Account(addons={EBS: {"addonVersion": "v1.62.0-eksbuild.1", "serviceAccountRoleArn": ""}, EFS: BOTH[EFS]})
    (line,) = told(pulumi_run, account, named())
    assert line.startswith("ebs: the add-on aws-ebs-csi-driver v1.62.0-eksbuild.1 of cluster prod names no IAM role")
    assert "list-pod-identity-associations --cluster-name prod --namespace kube-system" in line
    assert "--service-account ebs-csi-controller-sa" in line


def test_a_role_by_pod_identity_is_one(pulumi_run: Callable[..., Run]) -> None:
    pods = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": ROLE}]
    account = Account(addons={EBS: {"addonVersion": "v1.62.0", "podIdentityAssociations": pods}, EFS: BOTH[EFS]})
    assert told(pulumi_run, account, named()) == []


def test_another_role_than_the_stack_file_names_is_said(pulumi_run: Callable[..., Run]) -> None:
    other = {"addonVersion": "v1.62.0", "serviceAccountRoleArn": ROLE.replace("ebs-csi-driver", "other")}
    (line,) = told(pulumi_run, Account(addons={EBS: other, EFS: BOTH[EFS]}), named())
    assert line.startswith(f"ebs.role: {ROLE}, but the add-on aws-ebs-csi-driver of cluster prod runs as ")


@pytest.mark.parametrize(
    ("version", "role", "words"),
    [
        ("v2.1.9-eksbuild.1", ROLE, []),
        ("v2.1.9-eksbuild.1", "", ["names no IAM role for efs-csi-controller-sa"]),
        ("v3.0.0-eksbuild.1", ROLE, ["from v3 on it has two IAM roles"]),
    ],
)
def test_the_efs_driver_makes_volumes_with_a_role_only(
    pulumi_run: Callable[..., Run], version: str, role: str, words: list[str]
) -> None:
    """A static volume behind an access point needs none: the first test of this file has such a one."""
    values = {**named(), "storage": dynamic()["storage"]}
    lines = told(
        pulumi_run, Account(addons={**BOTH, EFS: {"addonVersion": version, "serviceAccountRoleArn": role}}), values
    )
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))


def installed(**efs: str) -> dict[str, Any]:
    return named(drivers={"ebs": {"role": ROLE}, "efs": {**INSTALL, **efs}, "installAgent": True})


def test_an_installed_driver_takes_a_version_of_the_list_of_the_cluster(pulumi_run: Callable[..., Run]) -> None:
    offered = {EFS: ["v2.1.9-eksbuild.1", "v3.0.1-eksbuild.2"]}
    account = Account(addons={EBS: BOTH[EBS]}, versions=offered)
    assert told(pulumi_run, account, installed()) == []
    for version in offered[EFS]:
        assert told(pulumi_run, account, installed(version=version)) == []
    (old,) = told(pulumi_run, account, installed(version="v2.0.0-eksbuild.1"))
    assert old.startswith("efs.version: 'v2.0.0-eksbuild.1' is neither the default nor the newest version of")
    assert "(v2.1.9-eksbuild.1, v3.0.1-eksbuild.2)" in old
    assert (
        "`aws eks describe-addon-versions --addon-name aws-efs-csi-driver --kubernetes-version 1.34` prints it" in old
    )
    (late,) = told(pulumi_run, account, installed(version="v3.0.10-eksbuild.1"))
    assert "is newer than the newest version of aws-efs-csi-driver for Kubernetes 1.34" in late


def test_a_driver_without_a_version_for_the_cluster_is_said(pulumi_run: Callable[..., Run]) -> None:
    (line,) = told(pulumi_run, Account(addons={EBS: BOTH[EBS]}, versions={EFS: []}), installed())
    assert "EKS has no version of the add-on aws-efs-csi-driver for Kubernetes 1.34; install the driver by its" in line


def test_an_add_on_that_somebody_else_made_is_not_made_again(pulumi_run: Callable[..., Run]) -> None:
    (line,) = told(pulumi_run, Account(addons=BOTH), installed())
    assert line == (
        "efs: {mode: install}, but cluster prod has the add-on aws-efs-csi-driver v2.1.9 already, and EKS refuses a "
        "second one; write {mode: adopt}"
    )


def test_its_own_add_on_is_nothing_to_talk_about_nor_one_that_it_takes_up(pulumi_run: Callable[..., Run]) -> None:
    mine = {"addonVersion": "v2.1.9", "tags": {"app": "kotaemon", "stack": "aws-test", "team": "search"}}
    assert told(pulumi_run, Account(addons={**BOTH, EFS: mine}), installed()) == []
    values = installed()
    values["aws"]["existing"] = {"aws-efs-csi-driver-addon-addon": "prod:aws-efs-csi-driver"}
    assert told(pulumi_run, Account(addons=BOTH), values) == []


def test_the_agent_of_pod_identity_is_there_or_made(pulumi_run: Callable[..., Run]) -> None:
    values = installed()
    values["aws"]["drivers"].pop("installAgent")
    (missing,) = told(pulumi_run, Account(addons={EBS: BOTH[EBS]}), values)
    assert missing.startswith("installAgent: false, and cluster prod has no add-on eks-pod-identity-agent")
    there = {EBS: BOTH[EBS], AGENT: {"addonVersion": "v1.3.0"}}
    assert told(pulumi_run, Account(addons=there), values) == []
    (twice,) = told(pulumi_run, Account(addons=there), installed())
    assert twice.startswith("installAgent: true, but cluster prod has the add-on eks-pod-identity-agent already")


def test_roles_for_service_accounts_need_the_issuer_in_iam(pulumi_run: Callable[..., Run]) -> None:
    values = installed()
    values["aws"]["drivers"] |= {"permission": "irsa", "installAgent": False}
    assert told(pulumi_run, Account(addons={EBS: BOTH[EBS]}), values) == []
    (line,) = told(pulumi_run, Account(addons={EBS: BOTH[EBS]}, issuer_known=False), values)
    assert "`aws iam create-open-id-connect-provider --url https://oidc.example.com/id/1 --client-id-list" in line


def test_a_right_that_is_missing_stops_nothing_and_is_said(pulumi_run: Callable[..., Run]) -> None:
    class Forbidden(Account):
        def getAddon(self, given: Any) -> dict[str, Any]:
            assert given["clusterName"] == "prod"
            raise NotThere("AccessDeniedException: eks:DescribeAddon")

    ebs, efs = told(pulumi_run, Forbidden(), named(), preview=False)
    assert "did not say whether cluster prod has the add-on aws-ebs-csi-driver" in ebs
    assert "AccessDeniedException: eks:DescribeAddon" in efs


def test_nobody_is_asked_without_the_name_of_the_cluster_nor_in_a_plan(pulumi_run: Callable[..., Run]) -> None:
    account = Account()
    assert told(pulumi_run, account, single()) == []
    assert "getAddon" not in account.asked
    assert told(pulumi_run, None, named(keyArn=None)) == []
