"""The golden table of zones: nodes x claims -> verdict. The same rows are held against the real scheduler.

Zones are letters: `a` is the platform's first zone. A platform that is added later adds its builders to BUILDERS.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_kubernetes as k8s

from components.contract import Platform
from devcluster import nodes, platforms
from guard.zone_volumes import Node
from guard.zone_words import Why
from plan.manifests import manifest
from plan.recorder import run_program

Manifest = dict[str, Any]
Builder = Callable[[str, str, list[str]], object]
"""Makes one claim: namespace, claim name, zones."""
NFS = {"server": "nfs.example.org", "path": "/srv/nfs"}


def _class(name: str, zones: list[str], **fields: Any) -> None:
    """A class as a cluster's administrator makes it."""
    k8s.storage.v1.StorageClass(
        name,
        metadata={"name": name},
        provisioner="dev.csi.kotaemon",
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allowed_topologies=[{"match_label_expressions": [{"key": platforms.ZONE, "values": zones}]}],
        **fields,
    )


def _private_disk(space: str, name: str, zones: list[str]) -> None:
    existing = importlib.import_module("components.volumes.existing_class")
    _class(f"{space}.{name}", zones)
    existing.ExistingClassClaim(name, {"namespace": space, "storage_class": f"{space}.{name}"})


def _nfs(space: str, name: str, zones: list[str]) -> None:
    nfs = importlib.import_module("components.file.nfs")
    nfs.NfsStorage(name, {"namespace": space, **NFS})


def _ebs(space: str, name: str, zones: list[str]) -> None:
    ebs = importlib.import_module("components.block.ebs")
    ebs.EbsStorage(name, {"namespace": space, "key_arn": "arn:aws:kms:eu-central-1:1:key/1", "zones": zones})


def _ebs_volume(space: str, name: str, zones: list[str]) -> None:
    ebs = importlib.import_module("components.block.ebs_volume")
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    ebs.EbsVolume(name, {"namespace": space, "key_arn": key, "zone": zones[0], "region": "eu-central-1"})


def _zonal_files(space: str, name: str, zones: list[str]) -> None:
    csi_volume = importlib.import_module("components.volumes.static")
    contract = importlib.import_module("components.contract")
    claim = {"name": name, "size_gib": 10, "access_mode": contract.AccessMode.RWX, "zones": zones}
    source = {"driver": "efs.csi.aws.com", "volume_handle": f"fs-{name}"}
    spec = csi_volume.volume_spec(claim, space, source)
    parent: Any = None
    csi_volume.static_claim(name, claim, space, spec, parent=parent, protect=False)


def _essd(topology_key: str, *types: str) -> Builder:
    def build(space: str, name: str, zones: list[str]) -> None:
        essd = importlib.import_module("components.block.essd")
        args = {"namespace": space, "key_id": "key-hzz1", "zones": zones, "topology_key": topology_key}
        essd.EssdStorage(name, {**args, "types": list(types)} if types else args)

    return build


def _ecs_disk(space: str, name: str, zones: list[str]) -> None:
    ecs = importlib.import_module("components.block.ecs_disk")
    ecs.EcsDiskStorage(name, {"namespace": space, "cloud_name": "kotaemon-t", "key_id": "key-hzz1", "zone": zones[0]})


BUILDERS: dict[Platform, dict[str, Builder]] = {
    Platform.PRIVATE: {"disk": _private_disk, "files": _nfs},
    Platform.AWS: {"disk": _ebs, "fixed": _ebs_volume, "files": _nfs, "zonal-files": _zonal_files},
    Platform.ALICLOUD: {
        "disk": _essd("topology.kubernetes.io/zone"),
        "disk-by-private-key": _essd("topology.diskplugin.csi.alibabacloud.com/zone"),
        "fixed": _ecs_disk,
        "files": _nfs,
        "regional": _essd("topology.kubernetes.io/zone", "cloud_regional_disk_auto"),
    },
}
"""Kind of claim -> what makes it, by platform. `disk`: zones of its class. `fixed`: a disk that is there."""


@dataclass(frozen=True)
class Row:
    """One row: nodes by zone letter, claims as `kind:zones`, and the verdict."""

    nodes: str
    claims: str
    zones: str = ""
    why: Why | None = None
    ties: str = ""
    """When the claims tie the pod, in order."""
    node_loss: str = ""
    """`a>a b>-`: a pod in zone a moves within a; one in b waits."""
    zone_loss: str = ""
    replicas: int = 1

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.nodes} {self.claims}" + (f" x{self.replicas}" if self.replicas > 1 else "")

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Kind and zones of each claim."""
        return [(kind, zones) for kind, _, zones in (one.partition(":") for one in self.claims.split(" + "))]


ALL = "aabbcc"
ROWS = [
    Row(ALL, "disk:abc", "abc", None, "first pod", "a>a b>b c>c", "a>- b>- c>-"),
    Row(ALL, "disk-by-private-key:abc", "abc", None, "first pod", "a>a b>b c>c", "a>- b>- c>-"),
    Row("abc", "disk:abc", "abc", None, "first pod", "a>- b>- c>-", "a>- b>- c>-"),
    Row("aab", "disk:abc", "ab", None, "first pod", "a>a b>-", "a>- b>-"),
    Row("aabb", "disk:b", "b", None, "first pod", "b>b", "b>-"),
    Row("aacc", "disk:b", "", Why.NOT_ALLOWED, "first pod"),
    Row("aacc", "disk-by-private-key:b", "", Why.NOT_ALLOWED, "first pod"),
    Row(ALL, "fixed:b", "b", None, "made", "b>b", "b>-"),
    Row("aabb", "fixed:c", "", Why.ELSEWHERE, "made"),
    Row(ALL, "files", "abc", None, "", "a>abc b>abc c>abc", "a>bc b>ac c>ab"),
    Row("abc", "files", "abc", None, "", "a>bc b>ac c>ab", "a>bc b>ac c>ab"),
    Row(ALL, "disk:abc + files", "abc", None, "first pod", "a>a b>b c>c", "a>- b>- c>-"),
    Row(ALL, "disk:ab + disk:bc", "b", None, "first pod, first pod", "b>b", "b>-"),
    Row(ALL, "disk:a + disk:b", "", Why.DISJOINT, "first pod, first pod"),
    Row(ALL, "disk:abc + fixed:b", "b", None, "first pod, made", "b>b", "b>-"),
    Row(ALL, "disk:ac + fixed:b", "", Why.DISJOINT, "first pod, made"),
    Row(ALL, "fixed:a + fixed:b", "", Why.DISJOINT, "made, made"),
    Row(ALL, "zonal-files:ab", "ab", None, "made", "a>ab b>ab", "a>b b>a"),
    Row("aacc", "zonal-files:b", "", Why.ELSEWHERE, "made"),
    Row(ALL, "zonal-files:ab + disk:bc", "b", None, "made, first pod", "b>b", "b>-"),
    Row(ALL, "regional:abc", "abc", None, "", "a>abc b>abc c>abc", "a>bc b>ac c>ab"),
    Row(ALL, "disk:abc", "abc", None, "first pod", "a>a b>b c>c", "a>- b>- c>-", replicas=2),
]
"""No row has a class that binds at once: our builders make none. See `immediate` for what happens without theirs."""


def rows(platform: Platform) -> list[Row]:
    """The rows whose kinds of claim the platform has."""
    return [row for row in ROWS if all(kind in BUILDERS[platform] for kind, _ in row.kinds)]


def zone_names(platform: Platform, letters: str) -> list[str]:
    """Zones by letter."""
    return [platforms.zones(platform)["abc".index(letter)] for letter in letters]


def node_names(platform: Platform, letters: str) -> list[str]:
    """The devcluster's nodes that stand for `aab`: the first two of zone a, the first of zone b."""
    names = platforms.node_names(platform)
    by_zone = {z: [n for n in names if platforms.zone_of(platform, n) == z] for z in platforms.zones(platform)}
    return [by_zone[zone_names(platform, x)[0]][letters[:i].count(x)] for i, x in enumerate(letters)]


def node_set(platform: Platform, letters: str) -> list[Node]:
    """The same nodes, as the verdict sees them."""
    return [
        Node(
            name,
            platforms.zone_of(platform, name),
            nodes.node_object(platform, name)["metadata"]["labels"],
        )
        for name in node_names(platform, letters)
    ]


def objects(platform: Platform, row: Row, space: str) -> list[Manifest]:
    """What the builders make for the row, and a Deployment with all its claims."""
    names = [f"c{number}" for number in range(len(row.kinds))]

    def program() -> None:
        for name, (kind, zones) in zip(names, row.kinds, strict=True):
            BUILDERS[platform][kind](space, name, zone_names(platform, zones))

    run = run_program(program)
    made = [manifest(r) for r in run.registrations if r.is_object]
    return [*made, deployment(space, names, row.replicas)]


def deployment(space: str, claims: Sequence[str], replicas: int) -> Manifest:
    """A Deployment with these claims."""
    labels = {"app": "app"}
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    pod = {"containers": [{"name": "app", "image": "example.com/app:1"}], "volumes": volumes}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": space},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def moves(platform: Platform, text: str) -> dict[str, list[str]]:
    """`a>bc b>-` by zone names."""
    pairs = (part.split(">") for part in text.split())
    return {zone_names(platform, a)[0]: zone_names(platform, b.strip("-")) for a, b in pairs}


def mismatches(platform: Platform, row: Row, report: dict[str, Any]) -> list[str]:
    """Where a verdict differs from the row; empty: green."""
    (pod,) = report["pods"]
    expected = {
        "state": "pending" if row.why else "schedulable",
        "zones": zone_names(platform, row.zones),
        "reason": row.why.value if row.why else "",
        "ties": row.ties,
        "node loss": moves(platform, row.node_loss),
        "zone loss": moves(platform, row.zone_loss),
        "held": "claim-held" if row.replicas > 1 else None,
    }
    found = {
        **{key: pod[key] for key in ("state", "zones", "reason")},
        "ties": ", ".join(tie["when"] for tie in pod["tied_by"]),
        "node loss": {zone: loss["node"] for zone, loss in pod["loss"].items()},
        "zone loss": {zone: loss["zone"] for zone, loss in pod["loss"].items()},
        "held": pod["second_pod"].get("reason"),
    }
    return [f"{key}: {found[key]} is not {expected[key]}" for key in expected if found[key] != expected[key]]


def without(made: list[Manifest], field: str) -> list[Manifest]:
    """The objects as builders would make them that forget `field` of a StorageClass."""
    return [{k: v for k, v in body.items() if k != field or body["kind"] != "StorageClass"} for body in made]
