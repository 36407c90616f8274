"""Every product, one line each, and their rules for resource types merged into one mapping each."""

import re
from collections.abc import Iterable, Mapping
from pkgutil import resolve_name
from typing import TypeVar

from estimate.clouds import alicloud, aws
from estimate.product import DiskRule, Product, ResourceRule

_NAMES = (
    "alicloud_backups:Backups",
    "apsaradb:ApsaraPostgres",
    "aws_alarm:AwsAlarm",
    "aws_backup:AwsBackup",
    "aws_key:AwsKey",
    "ebs:EbsDisk",
    "ebs_snapshots:EbsSnapshots",
    "ec2:Ec2Instance",
    "ecs:EcsInstance",
    "efs:Efs",
    "essd:EssdDisk",
    "lustre:Lustre",
    "nas:Nas",
    "openzfs:OpenZfs",
    "oss:OssBucket",
    "own_class:OwnClass",
    "own_storage:OwnStorage",
    "rds:RdsPostgres",
    "s3:S3Bucket",
    "s3_files:S3Files",
)
"""`file:class` of each product, in estimate/products/."""
PRODUCTS: tuple[type[Product], ...] = tuple(resolve_name(f"{__package__}.{name}") for name in _NAMES)


Entry = TypeVar("Entry")


def _merged(parts: Iterable[Mapping[str, Entry]]) -> dict[str, Entry]:
    """All mappings merged. Raises ValueError when two have the same key, because the order would then decide."""
    merged: dict[str, Entry] = {}
    for part in parts:
        if twice := sorted(merged.keys() & part.keys()):
            raise ValueError(f"two products recognise {', '.join(twice)}")
        merged |= part
    return merged


_SAID = [product.recognised() for product in PRODUCTS]
TYPES: Mapping[str, ResourceRule] = _merged(said.types for said in _SAID)
"""Type token -> rule that makes the product from the resource."""
OWNERS: Mapping[str, type[Product]] = _merged(
    dict.fromkeys(said.types, product) for product, said in zip(PRODUCTS, _SAID, strict=True)
)
"""Type token -> class of the product that recognises it."""
FREE: Mapping[str, str] = _merged([aws.FREE, alicloud.FREE, *(said.free for said in _SAID)])
"""Type token -> why a resource of this type costs nothing."""
PROVISIONERS: Mapping[str, DiskRule] = _merged(said.provisioners for said in _SAID)
"""Provisioner of a StorageClass -> rule for its claims."""
ITEMS: Mapping[str, str] = _merged(product.items for product in PRODUCTS)
"""Regular expression of items in a price list -> unit of their prices."""
# The unpacking raises unless exactly one product has it.
[FOREIGN_CLASS] = [said.foreign_class for said in _SAID if said.foreign_class is not None]
[NOT_MADE] = [said.not_made for said in _SAID if said.not_made is not None]


def unit_of(item: str) -> str | None:
    """Unit in which the prices of an item are given. None: nothing is billed by it."""
    return next((unit for form, unit in ITEMS.items() if re.fullmatch(form, item)), None)
