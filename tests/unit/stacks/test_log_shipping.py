"""Log shipping of a stack file: what is made, what is refused before anything is made, and the plan's view of it."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from plan import collect, stack_file

OTLP = {"kind": "otlp", "endpoint": "https://otlp.example.com"}


def planned(folder: Path, stack: str, shipping: dict[str, Any]) -> Any:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{stack}.yaml").read_text())
    document["config"]["kotaemon:logs"] = {"shipping": shipping}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    return collect.make(stack_file.read(stack, folder))


def made(plan: Any) -> set[str]:
    """Kind and name of what the plan has of the shipping."""
    return {
        f"{resource.type.rpartition(':')[2]} {resource.name}"
        for resource in plan.resources
        if resource.name.startswith("kotaemon-logs")
    }


@pytest.mark.parametrize("stack", ["private-scaled", "aws-scaled"])
def test_a_reader_of_the_shared_files(tmp_path: Path, stack: str) -> None:
    assert made(planned(tmp_path, stack, {"output": OTLP})) == {
        "ConfigMap kotaemon-logs-config",
        "NetworkPolicy kotaemon-logs-policy",
        "ServiceAccount kotaemon-logs-account",
        "StatefulSet kotaemon-logs-reader",
    }


def test_an_agent_and_its_credentials(tmp_path: Path) -> None:
    chosen = {"output": OTLP | {"credentials": {"AUTHORIZATION": "Bearer hunter2"}}, "reader": "node-agent"}
    plan = planned(tmp_path, "dev", chosen)
    assert {
        "DaemonSet kotaemon-logs-agent",
        "Namespace kotaemon-logs-namespace",
        "Secret kotaemon-logs-credentials",
    } <= made(plan)
    assert "hunter2" not in plan.text


def test_a_mistake_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"kotaemon:logs.shipping: server: missing; the network policy knows no names"
    ):
        planned(tmp_path, "dev", {"output": {"kind": "otlp", "endpoint": "https://otlp.example.com:4318"}})


def test_an_output_that_is_none_is_refused_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="splunk"):
        planned(tmp_path, "dev", {"output": {"kind": "splunk"}})
