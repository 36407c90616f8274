"""What ACK and RAM say of components and roles is said in a preview, with the commands that make what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from components.alicloud import MANAGED_ROLES
from plan.recorder import Echo, Run
from stacks.platforms.alicloud.addons import commands_for
from tests.unit.stacks.platforms.test_alicloud import Account, run
from tests.unit.stacks.platforms.test_alicloud_settings import with_section
from tests.unit.stacks.platforms.test_aws import NotThere

CLUSTER = "c0123456789abcdef0123456789abcdef"
KEY = "kotaemon:alicloud.clusterId: "


def told(pulumi_run: Callable[..., Run], account: Echo, values: Any = None, *, preview: bool = True) -> list[str]:
    made = run(pulumi_run, values or with_section(clusterId=CLUSTER), account, preview=preview)
    return [line.removeprefix(KEY) for line in made.warnings if line.startswith(KEY)]


def test_a_cluster_with_its_components_and_roles_is_nothing_to_talk_about(pulumi_run: Callable[..., Run]) -> None:
    assert told(pulumi_run, Account()) == []


@pytest.mark.parametrize("preview", [True, False])
def test_components_that_are_not_there_are_said(pulumi_run: Callable[..., Run], preview: bool) -> None:
    """Without a version a component is one that ACK offers, and no more."""
    account = Account()
    account.addons = {"csi-plugin": "", "managed-csiprovisioner": "", "csi-provisioner": ""}
    plugin, provisioner = told(pulumi_run, account, preview=preview)
    assert plugin.startswith("the cluster has no component csi-plugin, so pods would wait for ever")
    assert "kotaemon:alicloud.addons: {csi-plugin: null} has the stack install it" in plugin
    assert f"""`aliyun cs POST /clusters/{CLUSTER}/components/install --body '[{{"name": "csi-plugin"}}]'`""" in plugin
    assert provisioner.startswith("the cluster has no component managed-csiprovisioner or csi-provisioner")


def test_either_provisioner_will_do_and_so_will_one_that_the_stack_installs(pulumi_run: Callable[..., Run]) -> None:
    account = Account()
    account.addons = {"csi-plugin": "v1.33.1", "csi-provisioner": "v1.33.1"}
    assert told(pulumi_run, account) == []
    account.addons = {"csi-plugin": "v1.33.1", "managed-csiprovisioner": ""}
    values = with_section(clusterId=CLUSTER, addons={"managed-csiprovisioner": None})
    assert told(pulumi_run, account, values) == []


def test_roles_that_are_not_there_are_said_with_the_commands(pulumi_run: Callable[..., Run]) -> None:
    account = Account()
    account.roles = [MANAGED_ROLES[0], f"{MANAGED_ROLES[1]}2"]
    (line,) = told(pulumi_run, account)
    assert line.startswith(f"the account has no RAM role {MANAGED_ROLES[1]}, {MANAGED_ROLES[2]}, by which")
    assert all(commands_for(role) in line for role in MANAGED_ROLES[1:])
    assert commands_for(MANAGED_ROLES[0]) not in line


def test_the_commands_are_those_of_the_console() -> None:
    trust = '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["cs.aliyuncs.com"]}}],"Version":"1"}'
    assert commands_for("AliyunCSManagedCsiRole") == (
        f"`aliyun ram CreateRole --RoleName AliyunCSManagedCsiRole --AssumeRolePolicyDocument '{trust}'` and `aliyun ram "
        "AttachPolicyToRole --PolicyType System --PolicyName AliyunCSManagedCsiRolePolicy --RoleName AliyunCSManagedCsiRole`"
    )


def test_a_right_that_is_missing_stops_nothing_and_is_said(pulumi_run: Callable[..., Run]) -> None:
    class Forbidden(Account):
        def call(self, args: Any) -> Any:
            if args.token.startswith(("alicloud:cs/getKubernetesAddons", "alicloud:ram/")):
                raise NotThere("NoPermission: RAM says no")
            return super().call(args)

    addons, roles = told(pulumi_run, Forbidden(), preview=False)
    assert "ACK did not say which components the cluster has (" in addons
    assert "RAM did not say whether the roles AliyunCSManagedCsiRole, " in roles
    assert all("NoPermission: RAM says no" in line for line in (addons, roles))


def test_nobody_is_asked_without_a_cluster_or_in_a_plan(pulumi_run: Callable[..., Run]) -> None:
    values = with_section(clusterId=None, clusterStack="organization/cluster/prod")
    account = Account()
    account.roles, account.addons = [], {}
    assert told(pulumi_run, account, values) == []
    assert told(pulumi_run, Echo()) == []
