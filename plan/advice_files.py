"""A stack file for an advice: complete and valid, with ids to replace by one's own."""

from collections.abc import Mapping
from typing import Any

import yaml

from components.contract import Platform, Profile, Role
from guard.advisor import Advice, Load
from guard.choices import OWN_CLASS, Choice
from guard.products import EbsDisk, Efs, EssdDisk, Lustre, Nas, OpenZfs, OwnClass, OwnStorage, Product
from stacks.names import NAMESPACE

ZONES = {Platform.AWS: "{}{}", Platform.ALICLOUD: "{}-{}"}
"""Name of a zone: region and letter."""
LETTERS = "abcdef"


def stack_file(advice: Advice, load: Load) -> str:
    """The YAML of an advice."""
    head = [
        "# yaml-language-server: $schema=./stacks/schema.json",
        f"# Advice: {advice.choice.name}.",
        *(f"# - {reason}" for reason in advice.reasons),
        "# Every id, address and name of a server or class below is an example: put your own.",
    ]
    config = {f"{NAMESPACE}:{key}": value for key, value in settings(advice.choice, load).items()}
    return "\n".join(head) + "\n" + yaml.safe_dump({"config": config}, sort_keys=False, width=110)


def settings(choice: Choice, load: Load) -> dict[str, Any]:
    """The keys of our namespace."""
    scaled = choice.profile == Profile.SCALED
    wanted: dict[str, Any] = {"platform": choice.platform.value, "profile": choice.profile.value}
    if scaled:
        wanted["replicas"] = load.pods
    if choice.platform != Platform.PRIVATE:
        wanted["cluster"] = {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"}
        wanted[choice.platform.value] = (
            _aws(choice, load) if choice.platform == Platform.AWS else _alicloud(choice, load)
        )
    wanted["storage"] = {
        "claims": {name: _claim(part, load) for name, part in choice.products.items()},
        "roles": {role.value: {"claim": name} for role in Role for name, on in choice.roles.items() if role in on},
    }
    if scaled:
        wanted["stores"] = _stores(choice.platform)
    if load.budget is not None:
        wanted["budget"] = load.budget
    use = load.use
    wanted["estimate"] = {"modelGib": load.model_gib, "readGib": use.read_gib, "writtenGib": use.written_gib}
    return wanted


def zones(load: Load) -> list[str]:
    """Names for the zones of the nodes."""
    return [ZONES[load.platform].format(load.priced_in, letter) for letter in LETTERS[: load.zones]]


def _claim(part: Product, load: Load) -> dict[str, Any]:
    size = f"{getattr(part, 'size_gib', 0)}Gi"
    match part:
        case EbsDisk():
            return _given({"kind": "ebs", "size": size, "iops": part.iops, "throughput": part.throughput})
        case Efs():
            return _given({"kind": "efs", "size": size, "oneZone": zones(load)[0] if part.one_zone else None})
        case OpenZfs():
            return {"kind": "openzfs", "size": size, "deployment": part.deployment, "throughput": part.throughput}
        case Lustre():
            return {"kind": "lustre", "size": size, "throughput": part.throughput}
        case EssdDisk():
            found = {"kind": "essd", "size": size, "types": [part.category]}
            return _given({**found, "provisionedIops": part.provisioned_iops or None})
        case Nas():
            return {"kind": "nas", "size": size, "zone": zones(load)[0], "storageType": part.storage_type}
        case OwnClass():
            found = {"kind": "storage-class", "size": size, "storageClass": part.storage_class}
            return {**found, "encryptedBy": "LUKS on the nodes"}
        case OwnStorage():
            found = {"kind": "nfs", "size": size, "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}
            return {**found, "encryptedBy": "LUKS on the server"}
        case _:
            raise ValueError(f"{type(part).__name__} is no claim")


def _aws(choice: Choice, load: Load) -> dict[str, Any]:
    section: dict[str, Any] = {
        "region": load.priced_in,
        "account": "111122223333",
        "vpc": "vpc-0a1b2c3d4e5f60718",
        "subnets": {zone: f"subnet-0a1b2c3d4e5f6071{zone[-1]}" for zone in zones(load)},
        "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718"},
        "networks": ["10.0.0.0/16"],
    }
    if isinstance(choice.files, OpenZfs) and choice.files.deployment == "MULTI_AZ_1":
        section["routeTables"] = ["rtb-0a1b2c3d4e5f60718"]
    if any(isinstance(part, EbsDisk) for part in choice.products.values()):
        section["drivers"] = {"ebs": {"role": "arn:aws:iam::111122223333:role/ebs-csi-driver"}}
    if choice.database is not None:
        single = {} if getattr(choice.database, "multi_az", True) else {"multiAz": False}
        section["database"] = {"identifier": NAMESPACE, "network": "10.0.0.0/16", **single}
    return section


def _alicloud(choice: Choice, load: Load) -> dict[str, Any]:
    section: dict[str, Any] = {
        "region": load.priced_in,
        "vpcId": "vpc-bp1exampleexample",
        "vswitches": {zone: f"vsw-bp1example{zone[-1]}" for zone in zones(load)},
        "clusterCidrs": ["10.0.0.0/16"],
    }
    if choice.database is not None:
        section["database"] = {"instanceType": "pg.x4.medium.2c", "storageGib": 50}
    return section


def _stores(platform: Platform) -> dict[str, Any]:
    """Where vectors are, and on a private cluster the database, too."""
    if platform == Platform.PRIVATE:
        disk = {"storageClass": OWN_CLASS, "encryptedBy": "LUKS on the nodes"}
        return {"database": {"kind": "bundled", **disk}, "vectorStore": {"kind": "qdrant-bundled", **disk}}
    server = {"url": "http://qdrant.internal.example.com:6333", "secretName": "qdrant", "secretKey": "api-key"}
    return {"vectorStore": {"kind": "qdrant", **server, "endpoint": {"cidr": "10.0.64.0/24", "port": 6333}}}


def _given(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}
