"""What a first `up` assumes of an account of Alibaba Cloud and its ACK cluster; the rows of docs/clouds.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.alicloud import MANAGED_ROLES, refused_key_use
from components.encryption.alicloud import ServiceRole, role_name
from deploy.first_up import alicloud_prices, alicloud_products
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Absent, Read
from stacks.platforms.alicloud.settings import AlicloudSettings

RAM_CONSOLE = "https://ram.console.aliyun.com/role/authorize"
"""Where the roles of ACK are made, with a click (ACK, "ACK roles": quick authorization)."""


def checks(asked: Asked, read: Read) -> list[Check]:
    """The questions that matter to a stack."""
    section = asked.settings.section(AlicloudSettings)
    found = [
        Check("account", "credentials of the stack's account", lambda: _account(section, read)),
        Check("zones", "each vSwitch is in its zone", lambda: _vswitches(section, read)),
        Check("service roles", "roles by which services use keys", lambda: _roles(asked, section, read)),
    ]
    if section.cluster_id is not None:
        cluster = section.cluster_id
        found.append(Check("cluster", "the cluster is in the VPC", lambda: _cluster(section, cluster, read)))
        found.append(Check("drivers", "the CSI components work", lambda: _addons(section, cluster, read)))
    if section.key_id is not None:
        key = section.key_id
        found.append(Check("keys: existing", "the key can encrypt", lambda: _key(asked, section, key, read)))
    if section.key is not None and section.key.instance_id is not None:
        instance = section.key.instance_id
        found.append(Check("keys: kinds", f"KMS instance {instance}", lambda: _instance(section, instance, read)))
    found += alicloud_products.checks(asked, section, read)
    return found + alicloud_prices.checks(asked, section, read)


def _account(section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    caller = read("sts", "GetCallerIdentity")
    yield finding(
        "account",
        f"account {section.account or 'of the credentials'}",
        section.account in (None, caller["AccountId"]),
        f"the credentials are of account {caller['AccountId']}",
        "use credentials of the account, or correct kotaemon:alicloud.account",
    )


def _vswitches(section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    answer = read("vpc", "DescribeVSwitches", VpcId=section.vpc_id, PageSize=50)
    zones = {one["VSwitchId"]: one["ZoneId"] for one in answer["VSwitches"]["VSwitch"]}
    for zone, vswitch in sorted(section.vswitches.items()):
        there = zones.get(vswitch)
        yield finding(
            "zones",
            f"{vswitch} is in {zone}",
            there == zone,
            f"it is in {there}" if there else f"VPC {section.vpc_id} has no such vSwitch among the first 50",
            f"vswitches: {{{there}: {vswitch}}}" if there else "correct kotaemon:alicloud.vswitches or vpcId",
        )


def _cluster(section: AlicloudSettings, cluster: str, read: Read) -> Iterator[Finding]:
    found = read("cs", "DescribeClusterDetail", path=f"/clusters/{cluster}")
    yield finding(
        "cluster",
        f"the cluster runs in {section.region}, {section.vpc_id}",
        (found["region_id"], found["vpc_id"], found["state"]) == (section.region, section.vpc_id, "running"),
        f"{found['state']} in {found['region_id']}, {found['vpc_id']}, Kubernetes {found['current_version']}",
        "correct region or vpcId",
    )


def _addons(section: AlicloudSettings, cluster: str, read: Read) -> Iterator[Finding]:
    found = read("cs", "ListClusterAddonInstances", path=f"/clusters/{cluster}/addon_instances")
    there = {addon["name"]: addon for addon in found["addons"]}
    provisioner = next((name for name in ("managed-csiprovisioner", "csi-provisioner") if name in there), "")
    for name, words in (("csi-plugin", "csi-plugin"), (provisioner, "csi-provisioner or managed-csiprovisioner")):
        addon: Mapping[str, Any] | None = there.get(name)
        yield finding(
            "drivers",
            f"{words} works",
            addon is not None and addon["state"] == "active",
            "it is not installed" if addon is None else f"{name} {addon['version']}, {addon['state']}",
            "install it in the console of ACK (Operations, Add-ons), or name it in kotaemon:alicloud.addons",
        )
    for name, wanted in section.addons.items():
        if wanted is not None and name in there and there[name]["version"] != wanted:
            yield finding(
                "drivers: version", f"{name} {wanted}", False, there[name]["version"], f"`up` brings it to {wanted}"
            )
    for role in MANAGED_ROLES:
        yield _role(role, "drivers: roles", True, read, f"authorise ACK in the console: {RAM_CONSOLE}")


def _role(name: str, point: str, wanted: bool, read: Read, then: str) -> Finding:
    try:
        read("ram", "GetRole", RoleName=name)
        there = True
    except Absent:
        there = False
    word = "is there" if wanted else "is not there yet"
    return finding(point, f"RAM role {name} {word}", there == wanted, "it is there" if there else "no such role", then)


def _roles(asked: Asked, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    for role in sorted(_needed(asked, section), key=lambda one: one.value):
        made = role.value in section.service_roles
        then = (
            f"leave {role.value} out of serviceRoles: RAM refuses to make it again"
            if made
            else f"serviceRoles: [{role.value}]"
        )
        yield _role(role_name(role), "service roles", not made, read, then)


def _needed(asked: Asked, section: AlicloudSettings) -> set[ServiceRole]:
    """Roles that what the stack makes uses, with a key that is not the service's."""
    made = {ServiceRole(role) for role in section.service_roles}
    if "alicloud:hbr/vault:Vault" in asked.types:
        made.add(ServiceRole.NAS_BACKUP)
    if section.service_key:
        return made
    kinds = {
        ServiceRole.DISK: asked.of_kind("essd", "ecs-disk"),
        ServiceRole.NAS: asked.of_kind("nas"),
        ServiceRole.VAULT: "alicloud:hbr/vault:Vault" in asked.types,
        ServiceRole.DATABASE: section.database is not None,
    }
    return made | {role for role, used in kinds.items() if used}


def _key(asked: Asked, section: AlicloudSettings, key: str, read: Read) -> Iterator[Finding]:
    try:
        told = read("kms", "DescribeKey", KeyId=key)["KeyMetadata"]
    except Absent:
        told = {}
    names = {"status": "KeyState", "key_usage": "KeyUsage", "key_spec": "KeySpec", "creator": "Creator"}
    facts = {ours: str(told[theirs]) for ours, theirs in names.items()} if told else {}
    disks_only = section.database is None and all(c.kind in ("essd", "ecs-disk") for c in asked.claims.values())
    reason = refused_key_use(facts, section.region, disks_only=disks_only)
    yield finding("keys: existing", "the key can encrypt", not reason, reason or ", ".join(facts.values()))


def _instance(section: AlicloudSettings, instance: str, read: Read) -> Iterator[Finding]:
    answer = read("kms", "ListKmsInstances", PageNumber=1, PageSize=100)
    there = [one["KmsInstanceId"] for one in answer["KmsInstances"]["KmsInstance"]]
    yield finding(
        "keys: kinds",
        f"KMS instance {instance} is in {section.region}",
        instance in there,
        f"instances: {', '.join(there) or 'none'}",
        "correct key.instanceId, or choose another way (docs/clouds.md, keys: kinds)",
    )
