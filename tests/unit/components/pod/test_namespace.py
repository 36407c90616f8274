"""The application's namespace."""

from collections.abc import Callable
from typing import Any

from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs

NAMESPACE = "kubernetes:core/v1:Namespace"


def test_restricted_pods_only(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"name": ApplicationNamespace("kotaemon", {}).namespace})
    made = run.one(NAMESPACE)
    assert made.inputs["metadata"] == {
        "name": "kotaemon",
        "labels": {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/audit": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
            "pod-security.kubernetes.io/audit-version": "latest",
            "pod-security.kubernetes.io/warn-version": "latest",
        },
    }
    assert run.outputs["name"].value == "kotaemon"
    assert (made.protect, made.retain_on_delete) == (True, True)
    assert [parent.type for parent in run.parents(made)] == ["kotaemon:index:ApplicationNamespace"]


def test_a_name_of_its_own_and_protection_lifted(pulumi_run: Callable[..., Any]) -> None:
    args = ApplicationNamespaceArgs(namespace_name="team-a", protect=False)
    made = pulumi_run(lambda: ApplicationNamespace("kotaemon", args) and None).one(NAMESPACE)
    assert made.inputs["metadata"]["name"] == "team-a"
    assert (made.protect, made.retain_on_delete) == (False, True)
