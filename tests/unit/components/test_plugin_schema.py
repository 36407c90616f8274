"""The components work as a plugin for programs in other languages only while their schema can be inferred.

What breaks it: postponed annotations, unions, Literal, classes as arguments, keys of a mapping that are not str.
"""

import json
from typing import Any, get_origin

import pytest
from pulumi.provider.experimental.component import ComponentProvider
from typing_extensions import NotRequired

from components.ack.addons import AckAddons, AckAddonsArgs
from components.ack.rrsa import OssRole, OssRoleArgs
from components.block.ecs_disk import EcsDiskStorage, EcsDiskStorageArgs
from components.block.essd import EssdStorage, EssdStorageArgs
from components.encryption.alicloud import AlicloudKey, AlicloudKeyArgs, ServiceRoles, ServiceRolesArgs
from components.file.nas import NasStorage, NasStorageArgs
from components.file.nfs import NfsStorage, NfsStorageArgs
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.kotaemon import Kotaemon
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from components.pod.preparation_namespace import PreparationNamespace, PreparationNamespaceArgs
from components.state.apsaradb import ApsaraDatabase, ApsaraDatabaseArgs
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs

COMPONENTS = {
    AckAddons: AckAddonsArgs,
    AlicloudKey: AlicloudKeyArgs,
    ApplicationNamespace: ApplicationNamespaceArgs,
    ApsaraDatabase: ApsaraDatabaseArgs,
    EcsDiskStorage: EcsDiskStorageArgs,
    EssdStorage: EssdStorageArgs,
    ExistingClassClaim: ExistingClassClaimArgs,
    Kotaemon: KotaemonArgs,
    NfsPreparation: NfsPreparationArgs,
    PreparationNamespace: PreparationNamespaceArgs,
    NfsStorage: NfsStorageArgs,
    NasStorage: NasStorageArgs,
    OssRole: OssRoleArgs,
    ServiceRoles: ServiceRolesArgs,
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return json.loads(ComponentProvider(list(COMPONENTS), "kotaemon").schema)["resources"]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


@pytest.mark.parametrize(("component", "args"), COMPONENTS.items())
def test_every_argument_is_in_the_schema_with_its_description(
    resources: dict[str, Any], component: type, args: type
) -> None:
    made = resources[f"kotaemon:index:{component.__name__}"]
    assert set(made["inputProperties"]) == {camel(name) for name in args.__annotations__}
    undescribed = [name for name, found in made["inputProperties"].items() if not found.get("description")]
    assert undescribed == []


@pytest.mark.parametrize(("component", "args"), COMPONENTS.items())
def test_only_what_has_no_default_is_required(resources: dict[str, Any], component: type, args: Any) -> None:
    made = resources[f"kotaemon:index:{component.__name__}"]
    assert set(made.get("requiredInputs", [])) == {
        camel(name) for name, hint in args.__annotations__.items() if get_origin(hint) is not NotRequired
    }


def test_outputs(resources: dict[str, Any]) -> None:
    outputs = {name.rpartition(":")[2]: sorted(made["properties"]) for name, made in resources.items()}
    assert outputs == {
        "AckAddons": [],
        "AlicloudKey": ["keyId"],
        "ApplicationNamespace": ["namespace"],
        "ApsaraDatabase": ["instanceId", "store"],
        "EcsDiskStorage": ["claim", "diskId"],
        "EssdStorage": ["claim", "snapshotClass"],
        "ExistingClassClaim": ["claim"],
        "Kotaemon": ["adminSecret", "service", "url"],
        "NfsPreparation": ["job"],
        "PreparationNamespace": ["namespace", "script"],
        "NfsStorage": ["claim"],
        "NasStorage": ["claim", "fileSystemId", "server", "vaultId"],
        "OssRole": ["roleName"],
        "ServiceRoles": [],
    }
