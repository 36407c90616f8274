"""Role folders on a file system whose root belongs to root."""

import json

from components.contract import AccessMode, Claim, Locks, Medium
from components.file.csi_preparation import CsiPreparation, CsiPreparationArgs, CsiVolume

CLAIM = Claim(
    name="kotaemon-weights",
    access_mode=AccessMode.RWX,
    medium=Medium.FILE,
    backend="lustre",
    size_gib=1200,
    zones=[],
    encrypted_by="KMS",
    locks=Locks.SHARED,
    fs_group=False,
)
VOLUME = CsiVolume(
    namespace="kotaemon",
    claim=CLAIM,
    driver="fsx.csi.aws.com",
    handle="fs-1",
    attributes={"dnsname": "fs-1.fsx", "mountname": "abc"},
    mount_options=("flock",),
)
PV = "kubernetes:core/v1:PersistentVolume"
JOB = "kubernetes:batch/v1:Job"


def made(pulumi_run, **changes):
    values = {"volume": VOLUME, "folders": ["models", "eval"], **changes}
    return pulumi_run(lambda: CsiPreparation("folders", CsiPreparationArgs(**values)) and None)


def test_a_namespace_of_its_own_for_root(pulumi_run):
    namespace = made(pulumi_run).one("kubernetes:core/v1:Namespace").inputs["metadata"]
    assert namespace["name"] == "kotaemon-prepare-kotaemon-weights"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def test_the_same_file_system_by_another_volume(pulumi_run):
    run = made(pulumi_run)
    spec = run.one(PV).inputs["spec"]
    assert spec["csi"] == {
        "driver": "fsx.csi.aws.com",
        "volumeHandle": "fs-1",
        "volumeAttributes": {"dnsname": "fs-1.fsx", "mountname": "abc"},
    }
    assert spec["claimRef"] == {"namespace": "kotaemon-prepare-kotaemon-weights", "name": "kotaemon-weights"}
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    # A second way to the same data: it holds none itself, and may go with its stack.
    for kind in (PV, "kubernetes:core/v1:PersistentVolumeClaim"):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (False, False)


def test_the_job_gets_its_task(pulumi_run):
    run = made(pulumi_run, uid=2000, gid=3000)
    container = run.one(JOB).inputs["spec"]["template"]["spec"]["containers"][0]
    task = json.loads(next(e["value"] for e in container["env"] if e["name"] == "KS_PREPARE"))
    assert (task["uid"], task["gid"]) == (2000, 3000)
    assert task["claims"][0]["folders"] == ["models", "eval"]
    waits = {urn.rsplit("::", 1)[1] for urn in run.one(JOB).depends_on}
    assert {"folders-claim", "folders-no-network"} <= waits


def test_the_name_of_the_job_follows_its_task_and_its_file_system(pulumi_run):
    def name(**changes):
        return made(pulumi_run, **changes).one(JOB).inputs["metadata"]["name"]

    first = name()
    assert first.startswith("kotaemon-weights-")
    assert first == name()
    other = CsiVolume(**{**VOLUME, "handle": "fs-2"})
    assert len({first, name(folders=["models"]), name(volume=other), name(image="example.com/app:2")}) == 4


def test_everything_is_a_child(pulumi_run):
    run = made(pulumi_run)
    assert {[parent.name for parent in run.parents(r)][-1] for r in run.registrations[1:]} == {"folders"}
