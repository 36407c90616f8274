"""The outputs of a stack: a contract with other repositories. Outputs are only ever added; a test pins them."""

from typing import Any

from components.contract import Bucket, Claim, RoleMount, StorageMap

CONTRACT_VERSION = 6
"""Raised when an output is added. None is ever removed, renamed or changed in type. The same number is in
examples/app-repo/kotaemon_outputs.py, and every version has its fixture in tests/unit/stacks/contracts/."""


def contract(
    *, namespace: Any, service: Any, url: Any, storage: StorageMap, overrides: dict[str, str], uid: int, gid: int
) -> dict[str, Any]:
    """The stack outputs.

    - `contract_version`: CONTRACT_VERSION, a whole number.
    - `namespace`, `service`: names of the Kubernetes objects.
    - `url`: where users reach the application; an address inside the cluster when there is no ingress.
    - `storage`: role -> claim, sub_path, access_mode, medium, read_only, size_gib, zones (empty: every zone, or not
      known before the volume exists), encrypted_by, locks. Without `sessions` in the profile scaled: they are in
      PostgreSQL.
    - `overrides`: rule of the guard -> reason, for every rule that the stack file overrides.
    - `encryption` (version 2): claim -> what encrypts it.
    - `zones` (version 2): claim -> zones of the pods that mount it; empty: every zone, or not known before the volume
      exists.
    - `cost` (version 3): the monthly cost, described and computed in stacks/cost.py.
    - `facts` (version 4): for the stack itself, the settings of the last run that ended well (stacks/facts.py).
    - `memory` (version 4): for the stack itself, described in stacks/memory.py; others may read from it the identity of
      the storage behind each role and store.
    - `models` (version 5): `owner` of the version of the models (none, stack, cluster), the `version` that pods load,
      and `release`, the record of the last release in the cluster as this run found it: version, from, phase (released,
      rolled back, refused ...), reason, at (docs/runbooks/release-models.md).
    - `backup` (version 6): `schedules`, the CronJobs that back up; `record`, namespace and name of the ConfigMap with
      the result of the last restore drill, and `drill`, that result as this run found it: phase (none, good, bad), at,
      lastGood, snapshotAt, conversations, indexes, reason; and `secret`, namespace and name of the Secret with the
      repository's password (docs/backups.md).
    - `bucket` (version 6): the bucket of the stack: name, dialect (s3, oss), region, endpoint, path_style,
      credentials_secret (empty: roles of the account), encrypted_by and archived. Empty: the stack has none.
    - `archive` (version 6): where what was moved to the cold tier is: its claim, and the folders of reports and of logs
      (one for each pod). Empty: nothing is moved.
    - `uid`, `gid` (version 2): owner of the data; whoever mounts a claim must be this user, or in this group to read.
    """
    claims: dict[str, Claim] = {mount["claim"]["name"]: mount["claim"] for mount in storage.values()}
    return {
        "contract_version": CONTRACT_VERSION,
        "namespace": namespace,
        "service": service,
        "url": url,
        "storage": {role: _mount(mount) for role, mount in storage.items()},
        "overrides": overrides,
        "encryption": {name: claim["encrypted_by"] for name, claim in claims.items()},
        "zones": {name: claim["zones"] for name, claim in claims.items()},
        "uid": uid,
        "gid": gid,
    }


def _mount(mount: RoleMount) -> dict[str, Any]:
    claim = mount["claim"]
    return {
        "claim": claim["name"],
        "sub_path": mount["sub_path"],
        "access_mode": claim["access_mode"].value,
        "medium": claim["medium"].value,
        "read_only": mount["read_only"],
        "size_gib": claim["size_gib"],
        "zones": claim["zones"],
        "encrypted_by": claim["encrypted_by"],
        "locks": claim["locks"].value,
    }


def bucket(found: Bucket | None) -> dict[str, Any]:
    """The output `bucket`."""
    return {} if found is None else {**found, "dialect": found["dialect"].value}
