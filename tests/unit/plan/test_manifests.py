"""From registrations to objects."""

from collections.abc import Callable

from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap

from plan.manifests import manifest
from plan.recorder import Run

RunProgram = Callable[..., Run]


def test_an_object_without_a_name_gets_that_of_its_resource(pulumi_run: RunProgram) -> None:
    run = pulumi_run(lambda: ConfigMap("My-Map", metadata={"labels": {"a": "b"}}, data={"k": "v"}))
    assert manifest(run.registrations[0])["metadata"] == {"name": "my-map", "labels": {"a": "b"}}


def test_whole_numbers_stay_whole(pulumi_run: RunProgram) -> None:
    spec = {
        "replicas": 3,
        "selector": {},
        "template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}},
    }
    body = manifest(pulumi_run(lambda: Deployment("d", spec=spec)).registrations[0])
    assert repr(body["spec"]["replicas"]) == "3"
    assert repr(body["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"]) == "1"
