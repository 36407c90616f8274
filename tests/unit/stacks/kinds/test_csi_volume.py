"""Kind `csi-volume`: volume and claim on storage that somebody else made, for drivers without a kind of their own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from stacks import kinds
from stacks.effects import Effect
from stacks.facts import NO_FACT
from stacks.kinds.base import Context
from stacks.settings import load

BUCKET = {
    "kind": "csi-volume",
    "driver": "ru.yandex.s3.csi",
    "handle": "reports",
    "attributes": {"mounter": "geesefs", "bucket": "reports"},
    "nodeSecret": "kotaemon/bucket-keys",
    "accessMode": "ReadWriteMany",
    "standsOn": "object",
    "encryptedBy": "the bucket's key",
}
FILES = {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "encryptedBy": "LUKS"}
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}


def write(folder: Path, **claim: Any) -> stack_file.StackFile:
    claims = {"files": FILES, "disk": DISK, "reports": {**BUCKET, **claim}}
    ours = {"platform": "private", "storage": {"claims": claims, "roles": {"eval": {"claim": "reports"}}}}
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return stack_file.read("x", folder)


def test_volume_and_claim_are_made_protected_and_kept(tmp_path: Path) -> None:
    run = collect.preview(write(tmp_path, zones=["zone-a"], mountOptions=["--memory-limit", "1000"]))
    volume = run.one("kubernetes:core/v1:PersistentVolume", "kotaemon-reports-volume")
    secret = {"name": "bucket-keys", "namespace": "kotaemon"}
    assert volume.inputs["spec"] == {
        "capacity": {"storage": "20Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "kotaemon-reports"},
        "mountOptions": ["--memory-limit", "1000"],
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["zone-a"]}
                        ]
                    }
                ]
            }
        },
        "csi": {
            "driver": "ru.yandex.s3.csi",
            "volumeHandle": "reports",
            "volumeAttributes": {"mounter": "geesefs", "bucket": "reports"},
            "nodeStageSecretRef": secret,
            "nodePublishSecretRef": secret,
        },
    }
    claim = run.one("kubernetes:core/v1:PersistentVolumeClaim", "kotaemon-reports-claim")
    assert all(made.protect and made.retain_on_delete for made in (volume, claim))


def test_it_holds_the_role_and_costs_what_nobody_here_knows(tmp_path: Path) -> None:
    plan = collect.make(write(tmp_path))
    assert (plan.storage["eval"].claim, plan.storage["eval"].medium) == ("kotaemon-reports", "object")
    assert [line.unknown for line in plan.cost.lines if line.resource == "kotaemon-reports"] == [
        "storage of your own: its cost is not known"
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"driver": "efs.csi.aws.com", "handle": "fs-0123"},
            "driver: 'efs.csi.aws.com' is not allowed; kind efs is for its volumes. To use one that is there already, "
            "make its PersistentVolumeClaim yourself and name that by kind existing-claim",
        ),
        ({"nodeSecret": "keys"}, "nodeSecret: 'keys' must be <namespace>/<name>, for example kotaemon/bucket-keys"),
        ({"handle": ""}, "handle: '' is not allowed"),
    ],
)
def test_mistakes_name_the_key(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(load.SettingsError) as caught:
        write(tmp_path, **said)
    assert caught.value.errors[0].startswith(f"kotaemon:storage.claims.reports.{message}")


@pytest.mark.parametrize(("driver", "kind"), [(d, name) for name in kinds.NAMES for d in kinds.kind(name).drivers])
def test_the_two_spellings_of_one_volume_never_meet(tmp_path: Path, driver: str, kind: str) -> None:
    with pytest.raises(load.SettingsError, match=f"kind .*{kind}.* is for its volumes"):
        write(tmp_path, driver=driver)


def test_identity_and_effects(tmp_path: Path) -> None:
    kind, settings = kinds.kind("csi-volume"), write(tmp_path).settings
    at = Context("reports", settings.storage.claims["reports"], settings, None, "kotaemon", "")
    assert kind.identity(at) == {"driver": "ru.yandex.s3.csi", "handle": "reports"}
    assert set(kind.effects) == set(kind.settings.model_fields) - {NO_FACT}
    assert kind.effects["handle"].effect == Effect.LOSES_DATA
