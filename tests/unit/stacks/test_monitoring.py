"""Monitoring of a stack file: what is made, and what is watched by whom."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from plan import collect, stack_file
from plan.recorder import Echo, Run
from stacks import kinds
from stacks.monitoring import arguments, readers
from tests.unit.stacks.test_log_shipping import OTLP


def read(folder: Path, stack: str, **sections: Any) -> stack_file.StackFile:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{stack}.yaml").read_text())
    document["config"] |= {f"kotaemon:{name}": value for name, value in sections.items()}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    return stack_file.read(stack, folder)


def test_without_the_section_there_is_nothing(tmp_path: Path) -> None:
    settings = read(tmp_path, "private-scaled").settings
    assert readers(settings) == []
    assert arguments(settings, "kotaemon", {}, None) is None


def test_the_plan_of_a_stack_that_is_watched(tmp_path: Path) -> None:
    file = read(
        tmp_path, "private-scaled", monitoring={"labels": {"release": "x"}}, logs={"shipping": {"output": OTLP}}
    )
    made = {f"{r.type.rpartition(':')[2]} {r.name}" for r in collect.make(file).resources}
    assert {
        "PrometheusRule kotaemon-monitoring-rules",
        "PodMonitor kotaemon-monitoring-pods",
        "PodMonitor kotaemon-monitoring-shipping",
        "ConfigMap kotaemon-monitoring-dashboard",
    } <= made


def test_what_the_kubelet_does_not_measure_is_said(tmp_path: Path) -> None:
    settings = read(tmp_path, "aws-single", monitoring={}).settings
    claims: Any = {name: {"name": f"kotaemon-{name}"} for name in settings.storage.claims}
    args = arguments(settings, "kotaemon", claims, None)
    assert args is not None
    elsewhere = [name for name, claim in settings.storage.claims.items() if kinds.kind(claim.kind).fill_elsewhere]
    assert elsewhere
    assert set(args["elastic"]) == {f"kotaemon-{name}" for name in elsewhere}
    assert set(args["volumes"]) == {claim["name"] for claim in claims.values()} - set(args["elastic"])


def test_bundled_stores_are_watched_by_their_disks_and_copies(tmp_path: Path, pulumi_run: Callable[..., Run]) -> None:
    settings = read(tmp_path, "private-scaled", monitoring={}).settings
    assert settings.stores is not None
    claims: Any = {name: {"name": f"kotaemon-{name}"} for name in settings.storage.claims}
    args = arguments(settings, "kotaemon", claims, "kotaemon")
    assert args is not None
    file = stack_file.read("private-scaled")
    run = pulumi_run(
        file.program, Echo(), stack=file.name, preview=True, config=file.config, secret_keys=file.secret_keys
    )
    jobs = {made.inputs["metadata"]["name"] for made in run.of("kubernetes:batch/v1:CronJob")}
    disks = {made.inputs["metadata"]["name"] for made in run.of("kubernetes:core/v1:PersistentVolumeClaim")}
    assert set(args["backups"]) == jobs
    assert jobs
    assert set(args["volumes"]) == disks
