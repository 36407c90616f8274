"""The CSI drivers that a stack needs in the cluster: what is said, before storage is made, when one is not there.

It is a warning and no refusal: a driver works without its CSIDriver object, too, though each of these comes with one
(the charts of aws-ebs-csi-driver, aws-efs-csi-driver, aws-fsx-csi-driver, mountpoint-s3-csi-driver, csi-driver-nfs and
alibaba-cloud-csi-driver).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks import kinds
from stacks.cluster_facts import ClusterFacts
from stacks.kinds.base import Context, NeededDriver
from stacks.settings.claim import ClaimSettings

EFS = "efs.csi.aws.com"
EFS_TWO_ROLES = 3
"""First major version of the EFS driver whose nodes have an IAM role of their own, beside that of the controller
(kubernetes-sigs/aws-efs-csi-driver, pull requests #1838 and #1894, 2026-05; its page "Create IAM roles")."""


def needed(contexts: Mapping[str, Context[Any]]) -> dict[str, NeededDriver]:
    """Name of each claim in the stack file -> the driver that somebody has to have installed for it."""
    found = {name: kinds.kind(at.chosen.kind).needed_driver(at.chosen, at.settings) for name, at in contexts.items()}
    return {name: one for name, one in found.items() if one is not None}


def warnings(contexts: Mapping[str, Context[Any]], cluster: ClusterFacts) -> Iterator[str]:
    """What is said of drivers that are not there, and of roles that the installed version wants."""
    for name, one in needed(contexts).items():
        if one.driver not in cluster.drivers:
            continue  # the cluster was not asked, or did not say
        version = cluster.drivers[one.driver]
        key = f"kotaemon:storage.claims.{name}.kind"
        if version is None:
            yield (
                f"{key}: the cluster has no CSIDriver {one.driver}, so pods would wait for ever for a volume that this "
                f"run makes; {one.remedy}"
            )
        elif one.driver == EFS and made_by_the_driver(contexts[name].chosen):
            yield from of_version(key, version)


def of_version(key: str, version: str) -> Iterator[str]:
    """Roles that an installed version of the EFS driver wants for volumes that it makes itself. `key`: who needs it."""
    if major(version) >= EFS_TWO_ROLES:
        yield (
            f"{key}: the EFS driver of the cluster is {version}, and from v{EFS_TWO_ROLES} on it has two IAM "
            "roles: that of efs-csi-controller-sa makes access points for this claim; that of efs-csi-node-sa is "
            "for S3 Files and logs, and this claim does not need it"
        )


def made_by_the_driver(chosen: ClaimSettings) -> bool:
    """Whether the driver makes the volume of an EFS claim, so that its controller needs a role."""
    return getattr(chosen, "provisioning", "") == "dynamic"


def major(version: str) -> int:
    """Major version of `v3.2.0` or `2.1.9-eksbuild.1`; 0: it is not known."""
    found = re.match(r"v?(\d+)\.", version)
    return int(found[1]) if found else 0
