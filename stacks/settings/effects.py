"""What a change of the settings that are no claim, store or section of a platform does to what lives."""

from stacks.effects import ANOTHER_PLACE, Effects, Values, When, in_place, names, pods, refused, words

_OWN = "its fields have rows of their own"
_COMPONENT = "components/kotaemon"


def _same_cluster(before: Values, after: Values) -> bool:
    """Whether the provider of Kubernetes stays: it is replaced, with every object, for another identifier; without one
    for another address (pulumi-kubernetes: provider.go, DiffConfig)."""
    old, new = before["cluster"], after["cluster"]
    same = old.get("identifier") == new.get("identifier")
    return same and (new.get("identifier") is not None or old.get("context") == new.get("context"))


SETTINGS: Effects = {
    "platform": refused("every kind belongs to its platform", ANOTHER_PLACE),
    "profile": names(
        "the two profiles keep sessions and indexes in different stores (docs/facts/kotaemon.md, chapter 3)",
        "the stores would start empty: convert the data first (components/kotaemon/runtime/convert/)",
    ),
    "namespace": refused("Kubernetes: a PersistentVolumeClaim never leaves its namespace", ANOTHER_PLACE),
    "namespace_exists": in_place(
        "Pulumi: the options protect and retainOnDelete",
        "the stack lets go of the Namespace that it made, which stays; end its protection first (docs/clusters.md)",
        (
            When("the stack made none", lambda before, after: bool(before["namespaceExists"])),
            refused("Pulumi: a Namespace that exists is not made anew", "leave it true"),
        ),
    ),
    **dict.fromkeys(
        (
            "node_selector",
            "affinity",
            "tolerations",
            "topology_spread",
            "priority_class",
            "runtime_class",
            "cpu_limit",
            "pod_labels",
            "pod_annotations",
            "image_pull_secrets",
            "registry_logins",
            "image_mirrors",
            "proxy",
            "pods",
        ),
        pods("a Job that has prepared folders runs once more"),
    ),
    "image": pods(),
    "replicas": pods("pods are added or removed"),
    **dict.fromkeys(
        ("uid", "gid"),
        refused("files belong to the number that wrote them (docs/facts/storage.md)", "keep the number that is there"),
    ),
    "autoscaler": pods("the number of pods never falls in the run that switches it"),
    "resources": pods(),
    "ingress": in_place(f"{_COMPONENT}/exposure.py"),
    "auth_proxy": pods("the way in closes, and opens when the proxy is there"),
    "model_endpoints": in_place(f"{_COMPONENT}/network.py: a NetworkPolicy"),
    "models": pods(
        "the pods are rolled to another version or cache; data of roles stays. What an index was made with is compared "
        "before (docs/models.md)"
    ),
    "storage": words(_OWN),
    "bucket": words(_OWN),
    "archive": in_place("components/object/archiver.py: a CronJob", "what was moved stays where it is"),
    "logs": pods("the files that are there stay, until the new sizes let the oldest go"),
    "session_export": pods("the files that are there stay"),
    "monitoring": pods("the pods open or close the port of their numbers; rules and dashboard change in place"),
    "backup": words(_OWN),
    "backup_copy": words(_OWN),
    "env": pods(),
    "api_keys": pods(),
    "admin_name": pods("it is read when the first administrator is made, and never again"),
    "admin_password": in_place(f"{_COMPONENT}/credentials.py", "the application reads it at its first start only"),
    "cluster": refused(
        "pulumi-kubernetes: provider.go, DiffConfig",
        "the objects would be made anew elsewhere; keep identifier, or context where there is none",
        (
            When("identifier stays, and context where there is none", _same_cluster),
            words("it is the way to the cluster"),
        ),
    ),
    "overrides": words(),
    "budget": words(),
    "estimate": words(),
    "protect": in_place("Pulumi: the option protect", "false is the first step of taking a stack down"),
    "moved": words("it says that data was moved (stacks/memory.py)"),
    "released": words("it ends the protection of what leaves (stacks/memory.py)"),
    "stores": words(_OWN),
}
"""Rows of the keys at the top of a stack file."""

ROLES: Effects = {
    "claim": names("the role would stand on another claim"),
    "sub_path": names("the role would stand in another folder", "move the folder inside the claim first"),
    "read_only": pods("the mount becomes read-only, or writable"),
}
"""Rows of the keys of a role in `kotaemon:storage.roles`."""
