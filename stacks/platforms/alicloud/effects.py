"""What a change in the section `kotaemon:alicloud` does to what lives."""

from stacks.effects import ANOTHER_PLACE, Effects, Values, When, in_place, names, new_only, refused, words

_TF = "terraform-provider-alicloud v1.285.0"


def _vswitch_changes(before: Values, after: Values) -> bool:
    return any(after["vswitches"].get(zone) != vswitch for zone, vswitch in before["vswitches"].items())


def _other_instance(before: Values, after: Values) -> bool:
    both = before.get("key"), after.get("key")
    return None not in both and len({(key or {}).get("instanceId") for key in both}) > 1


VSWITCH_CHANGES = When("a zone that was there has another vSwitch, or none", _vswitch_changes)
_OWN_KEY = When(
    "the stack made the key", lambda before, after: before.get("keyId") is None and not before.get("serviceKey")
)
_LOOKS_UP = When(
    "it was left out, or is now", lambda before, after: None in (before.get("clusterId"), after.get("clusterId"))
)
_KEY_STAYS = refused(
    "components/encryption/alicloud.py: the key is protected",
    "the stack's key has to stay; leave keyId and serviceKey out",
)

_OTHER_KEY = new_only(
    "Alibaba Cloud: storage keeps its key for ever; the key is under ignore_changes",
    "what lives keeps the key that it was made with, which must stay; only claims made later use the new one",
    (_OWN_KEY, _KEY_STAYS),
)

EFFECTS: Effects = {
    "region": refused("every resource is in its region", ANOTHER_PLACE),
    "account": words("it only says which credentials are taken"),
    "vpc_id": refused(f"{_TF}: resource_alicloud_nas_mount_target.go, vpc_id", ANOTHER_PLACE),
    "vswitches": in_place(
        "it is the network of what is made later",
        "what lives stays in its zones",
        (VSWITCH_CHANGES, refused(f"{_TF}: resource_alicloud_db_instance.go, vswitch_id", ANOTHER_PLACE)),
    ),
    "cluster_cidrs": in_place(f"{_TF}: resource_alicloud_db_instance.go, security_ips"),
    "cluster_id": refused(
        "pulumi-kubernetes: another cluster identifier replaces every object",
        ANOTHER_PLACE,
        (_LOOKS_UP, words("what is not given is looked up through it")),
    ),
    "api_server": words("the provider reaches the same cluster by another address; its identifier is clusterId"),
    "cluster_stack": refused("stacks/platforms/kube_provider.py: it names the cluster", ANOTHER_PLACE),
    "oidc_issuer": in_place("components/ack/rrsa.py: the trust policy of the roles"),
    "service_key": _OTHER_KEY,
    "key_id": _OTHER_KEY,
    "key": in_place(
        f"{_TF}: resource_alicloud_kms_key.go",
        "an alias that changes is made anew",
        (
            When("instanceId changes", _other_instance),
            refused(f"{_TF}: resource_alicloud_kms_key.go, dkms_instance_id", "the key stays in its instance"),
        ),
    ),
    "service_roles": in_place("components/encryption/alicloud.py", "a role that leaves the stack is kept"),
    "resource_group_id": in_place(f"{_TF}: resource_group_id of file systems, disks and instances"),
    "tags": in_place(f"{_TF}: tags are never ForceNew"),
    "database": names("its fields have rows of their own (stacks/stores/apsaradb.py)"),
    "alarms": in_place(
        f"{_TF}: resource_alicloud_cms_alarm.go", "alarms are made, changed or taken away; no storage is touched"
    ),
    "addons": in_place("components/ack/addons.py: installed add-ons are adopted"),
}
