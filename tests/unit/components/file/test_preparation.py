"""The Job that makes the role folders where the export belongs to root."""

import json
from collections.abc import Callable
from typing import Any

from components.contract import Role
from components.file.nfs import NfsStorageArgs
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.pod.files import runtime_files
from components.pod.folders import role_folders
from tests.unit.components.kotaemon.samples import storage

EXPORT = NfsStorageArgs(namespace="kotaemon", server="nfs.example.com", path="/srv/nfs", claim_name="files")
JOB = "kubernetes:batch/v1:Job"


def preparation(**changes: Any) -> Callable[[], None]:
    args = NfsPreparationArgs(**{"export": EXPORT, "folders": ["models", "logs"], **changes})
    return lambda: NfsPreparation("prepare", args) and None


def test_objects(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(preparation())
    made = {r.type.rpartition(":")[2]: r for r in run.registrations if r.custom}
    kinds = {"Namespace", "PersistentVolume", "PersistentVolumeClaim", "NetworkPolicy", "ConfigMap", "Job"}
    assert set(made) == kinds
    assert {r.inputs["metadata"].get("namespace", "kotaemon-prepare") for r in made.values()} == {"kotaemon-prepare"}
    for child in made.values():
        assert [parent.type for parent in run.parents(child)] == ["kotaemon:index:NfsPreparation"]
        assert not child.protect, "nothing here holds data: the application's own volume and claim do"
        assert not child.retain_on_delete
    volume = made["PersistentVolume"].inputs
    assert made["Namespace"].inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
    assert volume["metadata"]["name"] == "kotaemon-prepare.files"
    assert volume["spec"]["claimRef"] == {"namespace": "kotaemon-prepare", "name": "files"}
    assert volume["spec"]["nfs"] == {"server": "nfs.example.com", "path": "/srv/nfs"}
    assert made["NetworkPolicy"].inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert made["ConfigMap"].inputs["data"] == runtime_files("prepare.py")


def test_the_job_waits_for_its_claim_and_its_isolation(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(preparation())
    job = run.one(JOB)
    after = {urn.rpartition("::")[2] for urn in job.depends_on}
    assert {"prepare-claim", "prepare-no-network", "prepare-script"} <= after
    assert job.inputs["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"


def job_name(pulumi_run: Callable[..., Any], **changes: Any) -> str:
    name = pulumi_run(preparation(**changes)).one(JOB).inputs["metadata"]["name"]
    assert name.startswith("files-")
    return name


def test_a_new_task_is_a_new_job_and_the_same_one_is_not(pulumi_run: Callable[..., Any]) -> None:
    same = job_name(pulumi_run)
    assert job_name(pulumi_run) == same
    elsewhere = {**EXPORT, "path": "/srv/other"}
    others = [{"folders": ["models"]}, {"uid": 1002}, {"image": "image:2"}, {"export": elsewhere}]
    names = [job_name(pulumi_run, **change) for change in others]
    assert len({same, *names}) == 5


def test_every_role_of_a_claim_is_prepared(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(preparation(folders=role_folders(storage(), "files")))
    (container,) = run.one(JOB).inputs["spec"]["template"]["spec"]["containers"]
    task = json.loads(container["env"][0]["value"])
    on_files = [role.value for role in Role if role not in (Role.INDEXES, Role.SESSIONS)]
    assert task["claims"][0]["folders"] == on_files
