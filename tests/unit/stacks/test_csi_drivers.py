"""Drivers that a stack needs and does not install: which they are, and what is said before storage is made."""

from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Run
from stacks import cluster, program
from stacks.cluster_facts import ClusterFacts, Wanted
from stacks.csi_drivers import major
from tests.unit.stacks.platforms import test_alicloud, test_alicloud_settings, test_aws, test_aws_settings

EFS, EBS = "efs.csi.aws.com", "ebs.csi.aws.com"


class There:
    """A cluster with some drivers."""

    def __init__(self, **drivers: str | None) -> None:
        self.drivers: dict[str, str | None] = {name.replace("_", "."): version for name, version in drivers.items()}
        self.asked: list[Wanted] = []

    def __call__(self, _: Any, wanted: Wanted) -> ClusterFacts:
        self.asked.append(wanted)
        return ClusterFacts(drivers={name: self.drivers[name] for name in wanted.drivers if name in self.drivers})


def preview(there: There, monkeypatch: pytest.MonkeyPatch, pulumi_run: Callable[..., Run], values: Any) -> list[str]:
    monkeypatch.setattr(cluster, "read", there)
    account = test_aws.Account() if values["platform"] == "aws" else test_alicloud.Account()
    config = test_alicloud_settings.config(values)
    made = pulumi_run(program.main, resources=account, config=config, stack="prod", preview=True)
    return [line for line in made.warnings if "CSIDriver" in line or "EFS driver" in line]


def test_a_driver_that_is_not_there_is_said_in_the_preview(monkeypatch: Any, pulumi_run: Any) -> None:
    there = There(efs_csi_aws_com=None, ebs_csi_aws_com="")
    said = preview(there, monkeypatch, pulumi_run, test_aws_settings.single())
    assert there.asked[0].drivers == (EBS, EFS)
    assert said == [
        "kotaemon:storage.claims.files.kind: the cluster has no CSIDriver efs.csi.aws.com, so pods would wait for ever for "
        "a volume that this run makes; kotaemon:aws.drivers.efs: {mode: install} has the stack install it, or install it "
        "by its chart"
    ]


@pytest.mark.parametrize(
    "section",
    [
        {"cluster": "prod", "drivers": {"ebs": {"mode": "install"}, "efs": {"mode": "install"}}},
        {
            "autoMode": True,
            "clusterRole": "arn:aws:iam::111122223333:role/cluster",
            "drivers": {"efs": {"mode": "adopt"}},
        },
    ],
)
def test_what_the_stack_or_auto_mode_installs_is_not_asked_for(
    monkeypatch: Any, pulumi_run: Any, section: dict[str, Any]
) -> None:
    there = There()
    preview(there, monkeypatch, pulumi_run, test_aws_settings.single(**section))
    assert there.asked[0].drivers == (() if "cluster" in section else (EFS,))


@pytest.mark.parametrize(("version", "words"), [("v2.1.9", 0), ("3.0.0-eksbuild.1", 1), ("", 0)])
def test_the_roles_of_the_efs_driver_are_told_by_its_version(
    monkeypatch: Any, pulumi_run: Any, version: str, words: int
) -> None:
    said = preview(There(efs_csi_aws_com=version), monkeypatch, pulumi_run, test_aws.dynamic())
    assert len(said) == words
    assert all(f"is {version}, and from v3 on it has two IAM roles" in line for line in said)
    assert preview(There(efs_csi_aws_com=version), monkeypatch, pulumi_run, test_aws_settings.single()) == []


def test_on_ack_the_components_and_the_roles_are_named(monkeypatch: Any, pulumi_run: Any) -> None:
    there = There(nasplugin_csi_alibabacloud_com=None, diskplugin_csi_alibabacloud_com="")
    values = {**test_alicloud_settings.example("alicloud-single"), "cluster": {"kubeconfig": "k", "context": "c"}}
    (said,) = preview(there, monkeypatch, pulumi_run, values)
    assert "no CSIDriver nasplugin.csi.alibabacloud.com" in said
    assert "csi-plugin and csi-provisioner" in said
    assert "aliyun ram GetRole --RoleName" in said
    assert "AliyunCSManagedCsiPluginRole" in said


def test_a_driver_that_was_not_read_is_not_said_to_be_missing(monkeypatch: Any, pulumi_run: Any) -> None:
    assert preview(There(), monkeypatch, pulumi_run, test_aws_settings.single()) == []


def test_major_versions() -> None:
    assert [major(text) for text in ("v3.2.0", "2.1.9-eksbuild.1", "", "latest")] == [3, 2, 0, 0]
