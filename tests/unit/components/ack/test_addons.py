"""Add-ons are taken over, and never uninstalled."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.ack.addons import AckAddons, AckAddonsArgs

ADDON = "alicloud:cs/kubernetesAddon:KubernetesAddon"


def test_versions_and_settings(pulumi_run: Callable[..., Any]) -> None:
    args = AckAddonsArgs(
        cluster_id="c1",
        addons={"csi-plugin": "v1.37.1", "storage-operator": None},
        configuration={"storage-operator": '{"a": 1}'},
    )
    run = pulumi_run(lambda: AckAddons("addons", args) and None)
    assert [addon.inputs for addon in run.of(ADDON)] == [
        {"clusterId": "c1", "name": "csi-plugin", "version": "v1.37.1"},
        {"clusterId": "c1", "name": "storage-operator", "config": '{"a": 1}'},
    ]
    assert all(addon.retain_on_delete for addon in run.of(ADDON))
    assert all([p.name for p in run.parents(addon)] == ["addons"] for addon in run.of(ADDON))


def test_other_addons_belong_to_the_cluster(pulumi_run: Callable[..., Any]) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        pulumi_run(lambda: AckAddons("addons", AckAddonsArgs(cluster_id="c1", addons={"terway-eniip": None})) and None)
    assert str(refused.value) == (
        "AckAddons 'addons': addons: 'terway-eniip' is no storage add-on; allowed: csi-plugin, csi-provisioner, "
        "managed-csiprovisioner, storage-operator, cnfs-nas-daemon"
    )
