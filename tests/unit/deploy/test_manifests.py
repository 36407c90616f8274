"""From registrations to objects."""

from collections.abc import Callable

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from deploy.manifests import KEEP, keep_ignored, manifest, selector
from plan.recorder import Run

RunProgram = Callable[..., Run]


def test_names_are_deterministic_and_labels_find_the_object_again(pulumi_run: RunProgram) -> None:
    run = pulumi_run(lambda: ConfigMap("My-Map", metadata={"labels": {"a": "b"}}, data={"k": "v"}))
    body = manifest(run.registrations[0], "kotaemon", "dev")
    assert body["metadata"]["name"] == "my-map"
    labels = ",".join(f"{k}={v}" for k, v in body["metadata"]["labels"].items() if k != "a")
    assert labels == selector("kotaemon", "dev")
    assert body["metadata"]["labels"]["a"] == "b"
    assert "annotations" not in body["metadata"]


def test_what_is_retained_is_marked_as_holding_data(pulumi_run: RunProgram) -> None:
    run = pulumi_run(lambda: ConfigMap("m", opts=pulumi.ResourceOptions(retain_on_delete=True)))
    assert manifest(run.registrations[0], "p", "s")["metadata"]["annotations"] == {KEEP: "true"}


def test_whole_numbers_stay_whole(pulumi_run: RunProgram) -> None:
    spec = {
        "replicas": 3,
        "selector": {},
        "template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}},
    }
    body = manifest(pulumi_run(lambda: Deployment("d", spec=spec)).registrations[0], "p", "s")
    assert repr(body["spec"]["replicas"]) == "3"
    assert repr(body["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"]) == "1"


def test_secret_text_becomes_its_stored_form(pulumi_run: RunProgram) -> None:
    run = pulumi_run(lambda: Secret("s", string_data={"a": pulumi.Output.secret("b")}, data={"c": "ZA=="}))
    body = manifest(run.registrations[0], "p", "s")
    assert body["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in body


def test_ignored_paths_keep_the_live_value() -> None:
    body = {"data": {"password": "new"}, "spec": {"size": 1, "other": 2}}
    live = {"data": {"password": "old"}, "spec": {"size": 5}}
    assert keep_ignored(body, live, ("data", "spec.size", "spec.none")) == {
        "data": {"password": "old"},
        "spec": {"size": 5, "other": 2},
    }
    assert keep_ignored(body, None, ("data",)) == body
    assert body["data"] == {"password": "new"}
