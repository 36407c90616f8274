"""Every product, one line each, and what they say together of the types of resources."""

from collections.abc import Iterable, Mapping
from pkgutil import resolve_name
from typing import TypeVar

from estimate.clouds import alicloud, aws
from estimate.product import DiskRule, Product, ResourceRule

_NAMES = (
    "alicloud_backups:Backups",
    "apsaradb:ApsaraPostgres",
    "aws_key:AwsKey",
    "ebs:EbsDisk",
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
)
"""file:class, in the folder of this file."""
PRODUCTS: tuple[type[Product], ...] = tuple(resolve_name(f"{__package__}.{name}") for name in _NAMES)


Entry = TypeVar("Entry")


def _merged(parts: Iterable[Mapping[str, Entry]]) -> dict[str, Entry]:
    """All parts together. Raises ValueError when two say something of the same type: one would win by its place."""
    merged: dict[str, Entry] = {}
    for part in parts:
        if twice := sorted(merged.keys() & part.keys()):
            raise ValueError(f"two products recognise {', '.join(twice)}")
        merged |= part
    return merged


_SAID = [product.recognised() for product in PRODUCTS]
TYPES: Mapping[str, ResourceRule] = _merged(said.types for said in _SAID)
"""Type token -> rule of its product."""
OWNERS: Mapping[str, type[Product]] = _merged(
    dict.fromkeys(said.types, product) for product, said in zip(PRODUCTS, _SAID, strict=True)
)
"""Type token -> the product that it is."""
FREE: Mapping[str, str] = _merged([aws.FREE, alicloud.FREE, *(said.free for said in _SAID)])
"""Type token -> why it costs nothing."""
PROVISIONERS: Mapping[str, DiskRule] = _merged(said.provisioners for said in _SAID)
"""Provisioner of a StorageClass -> rule of its claims."""
# unpacking: exactly one product says it
[FOREIGN_CLASS] = [said.foreign_class for said in _SAID if said.foreign_class is not None]
[NOT_MADE] = [said.not_made for said in _SAID if said.not_made is not None]
