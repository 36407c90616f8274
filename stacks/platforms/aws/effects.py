"""What a change in the section `kotaemon:aws` does to what lives."""

from stacks.effects import ANOTHER_PLACE, Effects, Values, When, in_place, names, new_only, refused, words

_TF = "terraform-provider-aws: internal/service"


def _subnet_changes(before: Values, after: Values) -> bool:
    return any(after["subnets"].get(zone) != subnet for zone, subnet in before["subnets"].items())


def _own_subnet_changes(before: Values, after: Values) -> bool:
    own = before.get("zones") or [before.get("zone")]
    return any(before["subnets"].get(zone) != after["subnets"].get(zone) for zone in own)


SUBNET_CHANGES = When("a zone that was there has another subnet, or none", _subnet_changes)
OWN_SUBNET_CHANGES = When("a zone of the file system has another subnet, or none", _own_subnet_changes)
"""For a file system with servers in some zones of the stack: `zones` or `zone` of the claim, with their defaults."""
_OWN_KEY = When("the stack made the key", lambda before, after: before.get("keyArn") is None)
_LOOKS_UP = When(
    "it was left out, or is now", lambda before, after: None in (before.get("cluster"), after.get("cluster"))
)
_KEY_STAYS = refused(
    "components/encryption/aws.py: the key is protected", "the stack's key has to stay; leave keyArn out"
)

EFFECTS: Effects = {
    "region": refused("every resource is in its region", ANOTHER_PLACE),
    "cluster": refused(
        "pulumi-kubernetes: another cluster identifier replaces every object",
        ANOTHER_PLACE,
        (_LOOKS_UP, words("what is not given is looked up through it")),
    ),
    "cluster_stack": refused("stacks/platforms/kube_provider.py: it names the cluster", ANOTHER_PLACE),
    "auto_mode": in_place("stacks/platforms/aws/drivers.py: the policy of the key"),
    "auto_mode_tags": words("it is about the class of disks, which has a row of its own (stacks/kinds/ebs.py)"),
    "bottlerocket": in_place("components/file/nfs.py: mount options"),
    "cluster_role": in_place("components/encryption/aws.py: the policy of the key"),
    "account": refused("every resource is in its account", ANOTHER_PLACE),
    "vpc": refused(f"{_TF}/ec2/vpc_security_group.go, vpc_id", ANOTHER_PLACE),
    "subnets": in_place(f"{_TF}/rds/subnet_group.go, subnet_ids", "the database's subnets follow"),
    "zones": in_place("what is made later is in these zones"),
    "security_groups": in_place(f"{_TF}/ec2/vpc_security_group_ingress_rule.go"),
    "node_group_rules": in_place(
        f"{_TF}/ec2/vpc_security_group_ingress_rule.go",
        "true adds the rules; false takes out those that the stack added, so the owner of the groups adds them before",
    ),
    "networks": in_place(f"{_TF}/fsx/openzfs_file_system.go, nfs_exports"),
    "route_tables": in_place(f"{_TF}/fsx/openzfs_file_system.go, route_table_ids"),
    "key_arn": new_only(
        "AWS: storage keeps its key for ever; kms_key_id is under ignore_changes",
        "what lives keeps the key that it was made with, which must stay; only claims made later use the new one",
        (_OWN_KEY, _KEY_STAYS),
    ),
    "permissions_boundary": in_place(f"{_TF}/iam/role.go, permissions_boundary", "the roles get it, or lose it"),
    "quotas": words("it only says whether the account is asked"),
    "key_for_nodes": in_place("components/encryption/aws.py: the policy of the key"),
    "drivers": in_place(f"{_TF}/eks/addon.go", "a driver that leaves the stack stays installed"),
    "database": names("its fields have rows of their own (stacks/stores/rds.py)"),
    "alarms": in_place(
        f"{_TF}/cloudwatch/metric_alarm.go",
        "alarms are made, changed or taken away; no storage is touched",
    ),
    "tags": in_place(f"{_TF}: tags are never ForceNew"),
}
