"""What models change in the application's pod: read-only everywhere, one version, one place that says it."""

from typing import Any

import pytest

from components.kotaemon.application import Application
from components.kotaemon.deployment import (
    OWNS_ITS_FIELDS,
    deployment_annotations,
    deployment_spec,
    leaves_alone,
    progress_seconds,
)
from components.kotaemon.environment import Secrets
from components.kotaemon.mistakes import check
from components.models.args import ModelCacheKind
from components.models.files import pod_files
from components.models.names import NO_VERSION, VERSION_ANNOTATION
from components.pod.recreate import ONE_POD
from tests.unit.components.kotaemon.samples import manifest, scaled, scaled_args, single, single_args

EPHEMERAL = {"kind": ModelCacheKind.EPHEMERAL, "limit": "40Gi"}
CACHES = [
    EPHEMERAL,
    EPHEMERAL | {"storage_class": "nvme"},
    {"kind": ModelCacheKind.MEMORY, "limit": "4Gi"},
    {"kind": ModelCacheKind.LOCAL, "limit": "40Gi", "claim_name": "models-cache"},
    {"kind": ModelCacheKind.IMAGE, "image": "registry.example.com/models:v3"},
]


def pod(app: Application) -> Any:
    return manifest(deployment_spec(app, Secrets("admin"), "runtime"))["template"]


def app_container(app: Application) -> Any:
    return pod(app)["spec"]["containers"][0]


def mounts(container: Any) -> dict[str, Any]:
    return {mount["mountPath"]: mount for mount in container["volumeMounts"]}


@pytest.mark.parametrize("cache", CACHES, ids=lambda cache: f"{cache['kind'].value}-{len(cache)}")
def test_no_container_of_the_application_can_write_models(cache: Any) -> None:
    template = pod(single(models={"cache": cache}))
    found = mounts(template["spec"]["containers"][0])
    assert "/data/models" not in found
    assert found["/app/models"]["readOnly"] is True
    assert found["/app/models"]["name"] == "models-cache"
    env = {v["name"]: v.get("value") for v in template["spec"]["containers"][0]["env"]}
    assert env["KS_MODELS_DIR"] == "/app/models"
    assert env["KS_READ_ONLY_ROLES"] == "models"
    fills = [c for c in template["spec"]["initContainers"] if c["name"] == "fill-models"]
    assert len(fills) == (cache["kind"] != ModelCacheKind.IMAGE)
    for fill in fills:
        assert mounts(fill)["/shared/models"] == {
            "name": "claim-1" if "claim-1" in str(fill) else "claim-0",
            "mountPath": "/shared/models",
            "subPath": "models",
            "readOnly": True,
        }
        assert mounts(fill)["/cache"]["name"] == "models-cache"


def test_each_kind_of_cache_has_its_volume() -> None:
    def volume(cache: Any) -> Any:
        (found,) = (v for v in pod(single(models={"cache": cache}))["spec"]["volumes"] if v["name"] == "models-cache")
        return {key: value for key, value in found.items() if key != "name"}

    assert [volume(cache) for cache in CACHES] == [
        {"emptyDir": {"sizeLimit": "40Gi"}},
        {
            "ephemeral": {
                "volumeClaimTemplate": {
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "storageClassName": "nvme",
                        "resources": {"requests": {"storage": "40Gi"}},
                    }
                }
            }
        },
        {"emptyDir": {"medium": "Memory", "sizeLimit": "4Gi"}},
        {"persistentVolumeClaim": {"claimName": "models-cache"}},
        {"image": {"reference": "registry.example.com/models:v3", "pullPolicy": "IfNotPresent"}},
    ]


def test_a_cache_in_memory_is_memory_of_the_container_that_fills_it() -> None:
    fill = pod(single(models={"cache": CACHES[2]}))["spec"]["initContainers"][1]
    assert fill["resources"]["limits"]["memory"] == "5Gi"


def test_the_version_is_said_once_and_read_from_there() -> None:
    template = pod(single(models={"version": "v3", "cache": EPHEMERAL}))
    assert template["metadata"]["annotations"] == {VERSION_ANNOTATION: "v3"}
    assert str(template).count("v3") == 1
    field = {"fieldPath": f"metadata.annotations['{VERSION_ANNOTATION}']"}
    for container in (template["spec"]["containers"][0], template["spec"]["initContainers"][1]):
        assert {"name": "KS_MODELS_VERSION", "valueFrom": {"fieldRef": field}} in container["env"]
    names = [variable["name"] for variable in template["spec"]["containers"][0]["env"]]
    assert mounts(template["spec"]["containers"][0])["/app/models"]["subPathExpr"] == "$(KS_MODELS_VERSION)"
    assert "KS_MODELS_VERSION" in names


def test_without_a_cache_the_pods_read_their_version_on_the_claim() -> None:
    template = pod(single(models={}))
    mount = mounts(template["spec"]["containers"][0])["/app/models"]
    assert (mount["subPathExpr"], mount["readOnly"]) == ("models/versions/$(KS_MODELS_VERSION)", True)
    prepared = template["spec"]["initContainers"][0]["env"][0]["value"]
    assert '"models", ' in prepared
    assert '"models/versions"' in prepared
    assert '"models/.incoming"' in prepared


def test_one_owner_of_the_version() -> None:
    ours, theirs = single(models={"version": "v3"}), single(models={})
    assert leaves_alone(ours, had_version=True) is None
    assert leaves_alone(theirs, had_version=True) == [f'spec.template.metadata.annotations["{VERSION_ANNOTATION}"]']
    assert deployment_annotations(ours, was_autoscaled=False) == {**ONE_POD, **OWNS_ITS_FIELDS}
    assert deployment_annotations(theirs, was_autoscaled=False) == ONE_POD
    assert pod(theirs)["metadata"]["annotations"] == {VERSION_ANNOTATION: NO_VERSION}


def test_models_of_a_living_application_begin_with_a_version() -> None:
    """The engine leaves out what is new and ignored, and a kubelet starts no pod without it."""
    assert leaves_alone(single(models={}), had_version=False) is None


def test_the_path_before_the_first_release_is_not_empty() -> None:
    """A kubelet starts no container with an empty variable in a path, so nothing came up before the first release."""
    assert pod(single(models={}))["metadata"]["annotations"][VERSION_ANNOTATION] == NO_VERSION
    prepared = pod(single(models={}))["spec"]["initContainers"][0]["env"][0]["value"]
    assert f'"models/versions/{NO_VERSION}"' in prepared, "the kubelet would make it, as root"


def test_another_version_is_rolled_without_a_pod_less_where_there_are_several() -> None:
    spec = manifest(deployment_spec(scaled(models={"version": "v3", "cache": EPHEMERAL}), Secrets("a"), "r"))
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert progress_seconds(scaled(models={"cache": EPHEMERAL})) == progress_seconds(scaled()) + 3600


def test_readiness_asks_no_claim_that_only_the_fill_uses() -> None:
    assert "/app/models" not in str(app_container(scaled(models={"cache": EPHEMERAL}))["readinessProbe"])
    assert "/data/models" in str(app_container(scaled())["readinessProbe"])


def test_the_scripts_are_in_the_pod_that_runs_them() -> None:
    assert "ks_models_fill.py" in pod_files(fill=True)
    imports = {
        line.split()[1]
        for text in pod_files(fill=True).values()
        for line in text.splitlines()
        if "ks_models_" in line and line.strip().startswith(("from ks_", "import ks_"))
    }
    assert {f"{name}.py" for name in imports} <= set(pod_files(fill=True))


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"version": "Latest"}, "models.version: 'Latest' is not allowed"),
        ({"version": "latest"}, "models.version: 'latest' is not allowed"),
        ({"cache": {"kind": "ephemeral"}}, "models.cache.limit: missing"),
        ({"cache": {"kind": "ephemeral", "limit": "40GB"}}, "models.cache.limit: '40GB' is not allowed"),
        ({"cache": {"kind": "local", "limit": "4Gi"}}, "models.cache.claim_name: missing"),
        ({"cache": {"kind": "image"}}, "models.cache.image: missing"),
        (
            {"cache": {"kind": "memory", "limit": "4Gi", "image": "x"}},
            "models.cache.image: a cache of kind memory has none",
        ),
        ({"version": "v1", "cache": CACHES[4]}, "models.version: a cache of kind image has none"),
    ],
)
def test_mistakes_name_the_key(models: Any, said: str) -> None:
    assert any(line.startswith(said) for line in check("kotaemon", single_args(models=models))), said


def test_good_arguments_have_no_mistakes() -> None:
    for cache in CACHES:
        assert check("kotaemon", scaled_args(models={"cache": cache})) == []
