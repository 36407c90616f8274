"""To whom files are exported, and as whom: root of no machine is root for ever, and networks are those of nodes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Run
from tests.unit.stacks.platforms.test_aws import Account, found, left, run
from tests.unit.stacks.platforms.test_aws_settings import errors, example

LUSTRE = "aws:fsx/lustreFileSystem:LustreFileSystem"


def tasks(made: Run) -> list[dict[str, Any]]:
    """What the Jobs that prepare Lustre do."""
    jobs = [r.inputs["spec"]["template"]["spec"]["containers"][0] for r in made.of("kubernetes:batch/v1:Job")]
    said = [json.loads(job["env"][0]["value"])["claims"][0] for job in jobs]
    return [task for task in said if task["root"].endswith("kotaemon-weights")]


def squashed() -> dict[str, Any]:
    values = example("aws-scaled")
    values["storage"]["claims"]["weights"]["squash"] = True
    return values


def test_lustre_is_handed_over_first_and_squashed_by_the_next_run(pulumi_run: Callable[..., Run]) -> None:
    first = run(pulumi_run, squashed(), Account())
    assert "rootSquashConfiguration" not in first.one(LUSTRE).inputs
    assert [task["give_root"] for task in tasks(first)] == [True]
    assert sum("weights.squash: not in this run" in line for line in first.warnings) == 1
    second = run(pulumi_run, squashed(), Account(), earlier=left(first))
    assert second.one(LUSTRE).inputs["rootSquashConfiguration"] == {"rootSquash": "1001:1001"}
    assert tasks(second) == []


def test_a_living_lustre_without_it_is_left_as_it_is(pulumi_run: Callable[..., Run]) -> None:
    first = run(pulumi_run, example("aws-scaled"), Account())
    second = run(pulumi_run, example("aws-scaled"), Account(), earlier=left(first))
    assert second.one(LUSTRE).inputs == first.one(LUSTRE).inputs
    assert tasks(second) == tasks(first)
    assert "give_root" not in tasks(first)[0]


def test_squashing_is_not_switched_off_again(pulumi_run: Callable[..., Run]) -> None:
    """The provider sends nothing when the block goes, so root would stay squashed and every preview would differ."""
    first = run(pulumi_run, squashed(), Account())
    with pytest.raises(Exception, match=r"weights\.squash: true -> false, refused: it stays squashed"):
        run(pulumi_run, example("aws-scaled"), Account(), earlier=left(first))


def test_files_are_not_exported_to_everybody() -> None:
    values = example("aws-scaled")
    values["aws"]["networks"] = ["0.0.0.0/0"]
    (error,) = errors(values)
    assert "0.0.0.0/0 is everybody" in error


@pytest.mark.parametrize(("network", "said"), [("10.0.0.0/8", 1), ("10.0.0.0/16", 0)])
def test_a_network_larger_than_a_vpc_is_said(pulumi_run: Callable[..., Run], network: str, said: int) -> None:
    values = example("aws-scaled")
    values["aws"]["networks"] = [network]
    made = run(pulumi_run, values, Account())
    assert sum("is larger than a VPC can be" in line for line in made.warnings) == said


def test_a_network_of_ipv6_is_refused_for_files_and_for_databases(pulumi_run: Callable[..., Run]) -> None:
    values = example("aws-scaled")
    values["aws"]["networks"] = ["fd00:10::/56"]
    (line,) = errors(values)
    assert "networks: fd00:10::/56 is IPv6, and file systems are made with IPv4 addresses" in line
    values = example("aws-scaled")
    values["aws"]["database"]["network"] = "fd00:10::/56"
    (line,) = errors(values)
    assert line.startswith("kotaemon:aws.database.network: ")
    assert "the database is made with IPv4 addresses" in line


def test_networks_that_are_found_are_those_of_the_nodes_subnets(pulumi_run: Callable[..., Run]) -> None:
    values = found()
    values["storage"]["claims"]["files"] = {"kind": "openzfs"}
    made = run(pulumi_run, values, Account(node_zones=["a"]))
    exports = made.one("aws:fsx/openZfsFileSystem:OpenZfsFileSystem").inputs["rootVolumeConfiguration"]["nfsExports"]
    assert [client["clients"] for client in exports["clientConfigurations"]] == ["10.0.97.0/24"]
