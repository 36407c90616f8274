"""What the examples, and variants of them, keep when they are taken down, from a plan: no engine, no account."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from deploy import lines
from plan import collect, stack_file
from plan.recorder import Registration
from plan.stack_file import ROOT, StackFile
from stacks import existing
from tests.unit.plan.plans import STACKS

_INSTALL = {"mode": "install"}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "aws-drivers": (
        "aws-single",
        {
            "aws.cluster": "prod",
            "aws.drivers": {"ebs": _INSTALL, "efs": _INSTALL, "fsx": _INSTALL, "installAgent": True},
            "storage.claims.disk.zone": "eu-central-1b",
        },
    ),
    "aws-own-key": (
        "aws-single",
        {
            "aws.keyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "aws.cluster": "prod",
            "aws.drivers": {"ebs": _INSTALL},
            "storage.claims.disk.attributesClass": True,
            "storage.claims.files.provisioning": "dynamic",
        },
    ),
    "aws-nfs-on-disk": (
        "aws-single",
        {"storage.claims.files": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}},
    ),
    "alicloud-own-disk": (
        "alicloud-single",
        {"storage.claims.disk.kind": "ecs-disk", "alicloud.serviceRoles": ["disk", "nas"]},
    ),
    "alicloud-nfs-on-disk": (
        "alicloud-single",
        {"storage.claims.files": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}},
    ),
    "alicloud-addons": (
        "alicloud-single",
        {
            "alicloud.addons": {"csi-plugin": None},
            "storage.claims.disk.attributesClass": True,
            "storage.claims.disk.types": ["cloud_auto"],
        },
    ),
    "aws-bucket-mounted": (
        "aws-single",
        {
            "aws.cluster": "prod",
            "aws.drivers": {"ebs": _INSTALL, "s3": _INSTALL},
            "bucket": {"name": "acme-cold"},
            "storage.claims.cold": {"kind": "mountpoint-s3"},
            "storage.roles.eval": {"claim": "cold"},
            "backupCopy": {"region": "eu-west-1", "bucket": "acme-cold-copy", "lock": True},
        },
    ),
    "aws-s3-files": (
        "aws-single",
        {
            "bucket": {"name": "acme-cold"},
            "storage.claims.cold": {"kind": "s3-files"},
            "storage.roles.eval": {"claim": "cold"},
        },
    ),
    "alicloud-bucket-mounted": (
        "alicloud-single",
        {
            "bucket": {"name": "acme-cold"},
            "storage.claims.cold": {"kind": "ossfs", "roleName": "cold"},
            "storage.roles.eval": {"claim": "cold"},
            "backupCopy": {"region": "cn-shanghai", "bucket": "acme-cold-copy"},
        },
    ),
    "private-operator": (
        "private-scaled",
        {
            "stores.database": {
                "kind": "cloudnative-pg",
                "storageClass": "dev-block",
                "archive": {"destination": "s3://backups/kotaemon"},
            }
        },
    ),
}
"""Name -> the example that it is, and what is different."""
CASES = [*STACKS, *VARIANTS]


class Case(NamedTuple):
    """A stack with everything that it registers."""

    file: StackFile
    registrations: list[Registration]

    @property
    def kept(self) -> dict[str, str]:
        """Name of what stays when the stack is taken down -> an id as its section of the stack file takes it."""
        places = list(existing.places(self.file.settings))
        return {name: _id(name, places) for name in lines.kept([_in_state(r) for r in self.registrations])}


@cache
def case(name: str, *, protect: bool = True) -> Case:
    """An example or a variant. Each is planned once."""
    file = written(Path(tempfile.mkdtemp(prefix="kept-")), name, protect=protect)
    return Case(file, collect.preview(file).registrations)


def written(folder: Path, name: str, *, protect: bool = True) -> StackFile:
    """Its stack file in a folder of its own."""
    example, changes = VARIANTS.get(name, (name, {}))
    document = yaml.safe_load((ROOT / f"Pulumi.{example}.yaml").read_text())
    for path, value in {**changes, "protect": protect}.items():
        first, *keys = path.split(".")
        at, last = document["config"], f"kotaemon:{first}"
        for key in keys:
            at, last = at.setdefault(last, {}), key
        at[last] = value
    return _saved(folder, name, document)


def with_lines(file: StackFile, config: Mapping[str, Any], folder: Path) -> StackFile:
    """The same stack file with these lines put into it, in another folder."""
    document = yaml.safe_load(file.path.read_text())
    merge(document["config"], config)
    return _saved(folder, file.name, document)


def merge(into: dict[str, Any], config: Mapping[str, Any]) -> None:
    """Put nested keys into a mapping, as somebody does who pastes them into a stack file."""
    for key, value in config.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def _saved(folder: Path, name: str, document: dict[str, Any]) -> StackFile:
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(name, folder)


def _in_state(resource: Registration) -> dict[str, Any]:
    """The resource as the engine's state has it."""
    return {
        "urn": resource.urn,
        "type": resource.type,
        "custom": resource.custom,
        "id": "given by the cloud",
        "outputs": resource.inputs,
        "parent": resource.parent,
        "dependencies": list(resource.depends_on),
        "protect": resource.protect,
        "retainOnDelete": resource.retain_on_delete,
        "deletedWith": resource.deleted_with,
    }


def _id(name: str, places: list[existing.Place]) -> str:
    for place in sorted(places, key=lambda p: -len(p.prefix)):
        form = place.said.id_of(name.removeprefix(place.prefix)) if name.startswith(place.prefix) else None
        if form is not None:
            return form.example
    return "no section has a part for it"
