"""The engine for tests: found once, and with stand-ins for the plugins of both clouds."""

import functools
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import register_resource_transform
from rich.console import Console

from deploy import engine, find
from deploy.engine import Outcome, Project
from deploy.find import Engine
from deploy.kube import Kube
from deploy.progress import Json
from devcluster.cluster import Cluster
from plan.stack_file import ROOT, StackFile

PROVIDER = Path(__file__).parent / "examples" / "provider.py"
PROJECT = "kotaemon"
SILENT = Json(lambda _: None)


@functools.cache
def found() -> Engine:
    """The engine of this machine, as `make up` finds it."""
    return find.find(Console(stderr=True))


def with_clouds(folder: Path, kubeconfig: Path) -> Engine:
    """The engine with stand-ins for the plugins of the clouds, and of `command`, which runs programs on hosts over SSH.

    Their calls are in `calls.jsonl` of the folder.
    """
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("aws", "alicloud", "command"):
        log = str(folder / "calls.jsonl")
        command = shlex.join([sys.executable, str(PROVIDER), log, str(kubeconfig), version(f"pulumi-{name}")])
        script = programs / f"pulumi-resource-{name}"
        script.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
        script.chmod(0o755)
    ours = found()
    path = f"{programs}{os.pathsep}{ours.environment['PATH']}"
    return replace(ours, environment={**ours.environment, "PATH": path})


def on_old_plugin(program: Callable[[], object]) -> Callable[[], object]:
    """The program for a plugin of Kubernetes that was built from its module, which is of January 2026.

    After a change of a bound claim whose class waits for the first pod, it waits for the claim to be Pending, five
    minutes (pkg/await/awaiters.go). So it is told not to wait for claims. Newer ones, on PATH, run the program as it is.
    """
    if "plugin kubernetes v4.0.0 of 2026" not in found().line:
        return program

    def impatient(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "kubernetes:core/v1:PersistentVolumeClaim":
            return None
        props: Any = args.props
        metadata: dict[str, Any] = {**props["metadata"]}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), "pulumi.com/skipAwait": "true"}
        return pulumi.ResourceTransformResult({**props, "metadata": metadata}, args.opts)

    def run() -> object:
        register_resource_transform(impatient)
        return program()

    return run


def of(engine: Engine, file: StackFile, cluster: Cluster) -> Project:
    """The project of a stack file, as `make up` makes it."""
    made = Project.of(engine, file, cluster)
    made.program = on_old_plugin(made.program)
    return made


def kube(cluster: Cluster) -> Kube:
    """The API server, as `make up` sees it."""
    return Kube(cluster.api(), cluster.directory / "discovery.json")


def bring_up(
    cluster: Cluster, name: str, program: Callable[[], object], config: Mapping[str, Any] | None = None
) -> Outcome:
    """Run a program of the tests' own as the stack `name`, clouds by stand-ins. Raises deploy.engine.Failed."""
    settings = {"name": PROJECT, "runtime": "python"}
    document = {"config": dict(config or {})}
    project = Project(with_clouds(cluster.directory, cluster.kubeconfig), PROJECT, name, settings, document, program)
    return engine.up(project, kube(cluster), SILENT)
