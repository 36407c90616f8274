"""What a stack file says about every pod reaches every pod of every example, and of the stores and kinds beside them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plan import collect, stack_file
from plan.recorder import Run
from stacks.settings.load import SettingsError
from tests.unit.components.pod_templates import templates_in
from tests.unit.plan.plans import STACKS

RULES: dict[str, Any] = {
    "imagePullSecrets": ["team-registry"],
    "registryLogins": {"registry.corp.example": {"username": "robot", "password": "secret-word"}},
    "imageMirrors": {"*": "registry.corp.example/mirror"},
    "nodeSelector": {"disktype": "nvme"},
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "topologySpread": [{"topologyKey": "rack"}],
    "priorityClass": "search",
    "cpuLimit": "4",
    "podLabels": {"cost-centre": "42"},
    "podAnnotations": {"linkerd.io/inject": "disabled"},
    "proxy": {"httpsProxy": "http://10.9.8.7:3128"},
}
NFS_OF_ROOT = {"kind": "nfs", "server": "10.0.0.9", "path": "/srv", "encryptedBy": "LUKS", "rootOwner": "root"}
OPERATOR = {"kind": "cloudnative-pg", "storageClass": "fast", "encryptedBy": "LUKS"}


def changed(name: str, **keys: Any) -> Run:
    """The recorded preview of an example with other keys at the top level of its stack file."""
    file = stack_file.read(name)
    own = {f"kotaemon:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    return collect.preview(replace(file, config={**file.config, **own}))


def example(name: str, key: str) -> Any:
    return json.loads(stack_file.read(name).config[f"kotaemon:{key}"])


def _root_export(rules: dict[str, Any]) -> Run:
    storage = example("private-scaled", "storage")
    return changed("private-scaled", storage={**storage, "claims": {"files": NFS_OF_ROOT}}, **rules)


def _operator(rules: dict[str, Any]) -> Run:
    stores = example("private-scaled", "stores")
    return changed("private-scaled", stores={**stores, "database": OPERATOR}, **rules)


VARIANTS: dict[str, Callable[[dict[str, Any]], Run]] = {
    **{name: lambda rules, name=name: changed(name, **rules) for name in STACKS},
    "export of root": _root_export,
    "operator": _operator,
}
PODS = {"dev": 1, "private-scaled": 5, "aws-scaled": 3, "export of root": 6, "operator": 3}
"""Templates of pods in a stack: the application, the two stores with their copies, a Job that prepares folders."""


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_pod_has_what_the_stack_file_says(variant: str) -> None:
    run = VARIANTS[variant](RULES)
    templates = [found for r in run.registrations for found in templates_in(r.inputs)]
    assert len(templates) == PODS.get(variant, len(templates)) >= 1
    for template in templates:
        spec, meta = template["spec"], template["metadata"]
        assert [secret["name"] for secret in spec["imagePullSecrets"]] == ["team-registry", "kotaemon-registry"]
        assert spec["nodeSelector"] == RULES["nodeSelector"]
        assert spec["affinity"] == RULES["affinity"]
        assert RULES["tolerations"][0] in spec["tolerations"]
        assert [rule["topologyKey"] for rule in spec["topologySpreadConstraints"]] == ["rack"]
        assert spec["priorityClassName"] == "search"
        assert meta["labels"].items() >= RULES["podLabels"].items()
        assert meta["annotations"].items() >= RULES["podAnnotations"].items()
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert container["image"].startswith("registry.corp.example/mirror/"), container["image"]
            assert container["resources"]["limits"]["cpu"] == "4"
            assert "HTTPS_PROXY" in [variable["name"] for variable in container["env"]]
    for namespace in {r.inputs["metadata"]["namespace"] for r in run.registrations if templates_in(r.inputs)}:
        secrets = [r for r in run.registrations if r.inputs.get("type") == "kubernetes.io/dockerconfigjson"]
        assert namespace in [r.inputs["metadata"]["namespace"] for r in secrets]
        assert all("data" in r.secret_keys for r in secrets)


def test_a_part_has_rules_of_its_own() -> None:
    pods = {"database": {"nodeSelector": {"pool": "data"}}, "preparation": {"tolerations": []}}
    run = VARIANTS["export of root"]({**RULES, "pods": pods})
    selectors = {r.name: t["spec"]["nodeSelector"] for r in run.registrations for t in templates_in(r.inputs)}
    own = {name for name, selector in selectors.items() if selector == {"pool": "data"}}
    assert own == {"kotaemon-database-server", "kotaemon-database-backup-job"}
    (job,) = [t for r in run.registrations if r.type.endswith(":Job") for t in templates_in(r.inputs)]
    assert "tolerations" not in job["spec"]


def test_a_namespace_that_exists_is_not_made_and_not_changed() -> None:
    run = changed("dev", namespaceExists=True)
    assert [r for r in run.registrations if r.type == "kubernetes:core/v1:Namespace"] == []
    (template,) = [t for r in run.registrations for t in templates_in(r.inputs)]
    assert template["spec"]["containers"]
    assert {r.inputs["metadata"]["namespace"] for r in run.registrations if templates_in(r.inputs)} == {"kotaemon"}


def test_a_pull_secret_in_a_namespace_that_does_not_exist_yet_is_told() -> None:
    (told,) = [line for line in changed("dev", imagePullSecrets=["team"]).warnings if "imagePullSecrets" in line]
    assert "kotaemon:registryLogins" in told
    assert not any("imagePullSecrets" in line for line in changed("dev", **RULES).warnings)
    there = changed("dev", imagePullSecrets=["team"], namespaceExists=True)
    assert not any("imagePullSecrets" in line for line in there.warnings)


def test_what_is_no_rule_is_named_with_its_key() -> None:
    with pytest.raises(SettingsError) as refused:
        changed("dev", tolerations=[{"key": "a", "effect": "Never"}], pods={"backups": {}})
    text = str(refused.value)
    assert "kotaemon:tolerations" in text
    assert "kotaemon:pods" in text
    assert "preparation" in text
