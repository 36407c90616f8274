"""What ACK and RAM say of the CSI components and their roles, asked in a preview: before storage is made that no pod
could mount. Nothing of it is a refusal: a dedicated cluster needs none of the roles.

The provider asks ACK twice for each component that it offers, one after the other (terraform-provider-alicloud,
DescribeCsKubernetesAllAvailableAddons), so the answer may take some ten seconds; everything else goes on meanwhile.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi import InvokeOptions, Output

from components.alicloud import MANAGED_ROLES, PROVISIONERS
from stacks import kinds
from stacks.platforms import asking
from stacks.platforms.alicloud.settings import AlicloudSettings
from stacks.settings.settings import Settings

ADDONS = "alicloud:cs/getKubernetesAddons:getKubernetesAddons"
ROLES = "alicloud:ram/getRoles:getRoles"
CONSOLE = "https://ram.console.aliyun.com/role/authorize"
_TRUST = {
    "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["cs.aliyuncs.com"]}}],
    "Version": "1",
}
"""Who takes the roles of ACK (terraform-provider-alicloud, page cs_managed_kubernetes; ACK, "ACK roles")."""


def tell(settings: Settings, section: AlicloudSettings, opts: InvokeOptions) -> None:
    """Warn of components and roles that are not there, where a claim needs a CSI driver."""
    if section.cluster_id is None or not _needs_driver(settings):
        return

    async def lines(cluster: str) -> list[str]:
        addons, roles = await _asked(ADDONS, {"clusterId": cluster}, opts), await _asked(ROLES, _NAMES, opts)
        return [*of_addons(cluster, section, addons), *of_roles(roles)]

    Output.from_input(section.cluster_id).apply(lines).apply(asking.warn)


def of_addons(cluster: str, section: AlicloudSettings, answer: Mapping[str, Any] | str | None) -> Iterator[str]:
    """What is said of the components. `answer`: of ACK, or the reason why there is none; None: nobody was asked."""
    if isinstance(answer, str):
        yield f"{_KEY}: ACK did not say which components the cluster has ({answer})"
    if answer is None or isinstance(answer, str):
        return
    # A component that can be installed is in the list as well, without a version.
    there = {str(one["name"]): str(one["currentVersion"]) for one in answer["addons"] if one["currentVersion"]}
    offered = {str(one["name"]) for one in answer["addons"]}
    provisioner = " or ".join(PROVISIONERS)
    for names, words in ((("csi-plugin",), "csi-plugin"), (PROVISIONERS, provisioner)):
        if not there.keys() & set(names) and not section.addons.keys() & set(names):
            install = next((name for name in names if name in offered), names[0])
            body = shlex.quote(json.dumps([{"name": install}]))
            yield (
                f"{_KEY}: the cluster has no component {words}, so pods would wait for ever for a volume that this run "
                f"makes; kotaemon:alicloud.addons: {{{install}: null}} has the stack install it, or "
                f"`aliyun cs POST /clusters/{cluster}/components/install --body {body}`"
            )


def of_roles(answer: Mapping[str, Any] | str | None) -> Iterator[str]:
    """What is said of the RAM roles by which the components of a managed cluster make and mount volumes."""
    if isinstance(answer, str):
        yield f"{_KEY}: RAM did not say whether the roles {', '.join(MANAGED_ROLES)} are there ({answer})"
    if answer is None or isinstance(answer, str):
        return
    there = {str(one["name"]) for one in answer["roles"]}
    if missing := [role for role in MANAGED_ROLES if role not in there]:
        commands = "; ".join(map(commands_for, missing))
        yield (
            f"{_KEY}: the account has no RAM role {', '.join(missing)}, by which the CSI components of a managed "
            f"cluster make and mount volumes. {CONSOLE} makes them with a click, or: {commands}"
        )


def commands_for(role: str) -> str:
    """The commands that make a role of ACK as the console does."""
    trust = shlex.quote(json.dumps(_TRUST, separators=(",", ":")))
    return (
        f"`aliyun ram CreateRole --RoleName {role} --AssumeRolePolicyDocument {trust}` and "
        f"`aliyun ram AttachPolicyToRole --PolicyType System --PolicyName {role}Policy --RoleName {role}`"
    )


_KEY = "kotaemon:alicloud.clusterId"
_NAMES = {"nameRegex": f"^({'|'.join(MANAGED_ROLES)})$"}


def _needs_driver(settings: Settings) -> bool:
    claims = settings.storage.claims.values()
    return any(kinds.kind(claim.kind).needed_driver(claim, settings) is not None for claim in claims)


async def _asked(function: str, about: Mapping[str, Any], opts: InvokeOptions) -> Mapping[str, Any] | str | None:
    """What was answered, or the reason why nothing was."""
    try:
        return await asking.ask(function, about, opts)
    except asking.NoAnswer as error:
        return error.line
