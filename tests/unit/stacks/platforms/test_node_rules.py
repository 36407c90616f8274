"""Security groups of nodes, which another program owns: rules are separate resources, and only where they are asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Registration, Run
from tests.unit.stacks.platforms.test_aws import Account, run
from tests.unit.stacks.platforms.test_aws_settings import errors, example, settings

NODES = "sg-0a1b2c3d4e5f60718"
COMMAND = (
    f"aws ec2 authorize-security-group-ingress --group-id {NODES} --ip-permissions "
    "'IpProtocol=tcp,FromPort=988,ToPort=988,UserIdGroupPairs=[{GroupId=kotaemon-weights-group-id}]' "
    "'IpProtocol=tcp,FromPort=1018,ToPort=1023,UserIdGroupPairs=[{GroupId=kotaemon-weights-group-id}]'"
)


def with_lustre(wanted: bool | None) -> dict[str, Any]:
    values = example("aws-scaled")
    values["aws"]["nodeGroupRules"] = wanted
    return values


def in_the_nodes_group(made: Run) -> list[Registration]:
    return [r for r in made.registrations if r.inputs.get("securityGroupId") == NODES]


def told(made: Run) -> list[str]:
    return [line for line in made.warnings if "nodeGroupRules" in line or "authorize" in line]


def test_rules_that_are_asked_for_are_resources_of_their_own(pulumi_run: Callable[..., Run]) -> None:
    made = run(pulumi_run, with_lustre(True), Account())
    assert {r.type for r in in_the_nodes_group(made)} == {"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}
    assert sorted(r.inputs["fromPort"] for r in in_the_nodes_group(made)) == [988, 1018]
    assert told(made) == []


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_no_group_has_rules_inline(pulumi_run: Callable[..., Run], name: str, wanted: bool) -> None:
    """Inline rules take out every other rule of a group (terraform-provider-aws, aws_security_group)."""
    values = example(name)
    values["aws"]["nodeGroupRules"] = wanted
    groups = run(pulumi_run, values, Account()).of("aws:ec2/securityGroup:SecurityGroup")
    assert groups
    assert not [group.name for group in groups if {"ingress", "egress"} & group.inputs.keys()]


def test_otherwise_the_group_is_left_alone_and_the_command_is_printed(pulumi_run: Callable[..., Run]) -> None:
    made = run(pulumi_run, with_lustre(False), Account())
    assert in_the_nodes_group(made) == []
    words, command = told(made)
    assert "(nodes)" in words
    assert "TCP 988 and 1018-1023" in words
    assert "subnet in eu-central-1a" in words
    assert "nodeGroupRules: true adds them" in words
    assert command.endswith(COMMAND)


def test_a_plan_says_it_in_words(pulumi_run: Callable[..., Run]) -> None:
    """The id of the group is known when it is made; a command with a made-up one would be run by somebody."""
    made = run(pulumi_run, with_lustre(False), preview=True)
    (words,) = told(made)
    assert "an up prints the command" in words


def test_who_sees_to_it_has_no_default() -> None:
    """With one, an upgrade would take rules out of a living stack, or add them to a group that is not ours."""
    (message,) = errors(with_lustre(None))
    assert message.startswith("kotaemon:storage.claims.weights.kind: the servers of Lustre connect to the nodes")
    assert message.endswith(
        "; false: it prints them, for whoever owns the groups. To keep the rules of an earlier release, write nodeGroupRules: true"
    )


def test_a_stack_without_lustre_says_nothing() -> None:
    assert settings(example("aws-single"))
