"""Whether the CSI drivers of an EKS cluster are as a stack assumes."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.eks.driver import Driver
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding, unread
from deploy.first_up.reading import Absent, Read
from stacks.platforms.aws.settings import AwsSettings, DriverSettings

KINDS = {"ebs": Driver.EBS, "efs": Driver.EFS, "lustre": Driver.FSX, "mountpoint-s3": Driver.S3}
"""Kind of claim -> the driver that mounts it."""
AGENT = "eks-pod-identity-agent"


def checks(asked: Asked, section: AwsSettings, cluster: str, read: Read) -> list[Check]:
    """One question for each driver that the stack uses or installs."""
    settings = {
        Driver.EBS: section.drivers.ebs,
        Driver.EFS: section.drivers.efs,
        Driver.FSX: section.drivers.fsx,
        Driver.S3: section.drivers.s3,
    }
    used = {driver for kind, driver in KINDS.items() if asked.of_kind(kind)}
    if section.auto_mode and settings[Driver.EBS].mode == "adopt":
        used.discard(Driver.EBS)  # Auto Mode has one of its own, which is no add-on
    found: list[Check] = []
    for driver, chosen in settings.items():
        if driver in used or chosen.mode == "install":
            found.append(_check(driver, chosen, cluster, read))
    if any(chosen.mode == "install" for chosen in settings.values()) and not section.auto_mode:
        found.append(
            Check("drivers: Pod Identity", "the agent runs", lambda: _agent(section, cluster, read)),
        )
    return found


def _check(driver: Driver, chosen: DriverSettings, cluster: str, read: Read) -> Check:
    assumed = f"{driver.value} is there" if chosen.mode == "adopt" else f"{driver.value} is not there yet"
    return Check("drivers", assumed, lambda: _driver(driver, chosen, cluster, read))


def _driver(driver: Driver, chosen: DriverSettings, cluster: str, read: Read) -> Iterator[Finding]:
    name = driver.value
    addon = _addon(name, cluster, read)
    if chosen.mode == "adopt" and addon is None:
        yield unread(
            "drivers",
            f"{name} is there",
            "it is no add-on of the cluster; whether a chart installed it is not visible from outside",
            f"kubectl get csidriver, or drivers: {{...: {{mode: install}}}} to have the stack install {name}",
        )
    elif chosen.mode == "adopt" and addon is not None:
        yield _adopted(driver, chosen, addon)
    else:
        yield finding(
            "drivers",
            f"{name} is not there yet",
            addon is None,
            "no add-on" if addon is None else f"add-on {addon['addonVersion']} is there, {addon['status']}",
            "mode: adopt, with the ARN of its role for EBS; EKS refuses a second add-on of the name",
        )
        yield from _version(name, chosen.version, cluster, read)


def _adopted(driver: Driver, chosen: DriverSettings, addon: Mapping[str, Any]) -> Finding:
    role = addon.get("serviceAccountRoleArn") or ("by Pod Identity" if addon.get("podIdentityAssociations") else "none")
    works = addon["status"] == "ACTIVE"
    named = chosen.role is None or not role.startswith("arn:") or role == chosen.role
    return finding(
        "drivers",
        f"{driver.value} works" + (f" as {chosen.role}" if chosen.role else ""),
        works and named,
        f"add-on {addon['addonVersion']}, {addon['status']}, role {role}",
        f"drivers: role: {role}" if works else "see `aws eks describe-addon`, health",
    )


def _addon(name: str, cluster: str, read: Read) -> Mapping[str, Any] | None:
    try:
        return read("eks", "DescribeAddon", clusterName=cluster, addonName=name)["addon"]
    except Absent:
        return None


def _version(name: str, wanted: str | None, cluster: str, read: Read) -> Iterator[Finding]:
    kubernetes = read("eks", "DescribeCluster", name=cluster)["cluster"]["version"]
    found = read("eks", "DescribeAddonVersions", addonName=name, kubernetesVersion=kubernetes)["addons"]
    versions = [one for addon in found for one in addon["addonVersions"]]
    default = [v["addonVersion"] for v in versions for c in v["compatibilities"] if c.get("defaultVersion")]
    names = [version["addonVersion"] for version in versions]
    yield finding(
        "drivers: version",
        f"{name} {wanted or 'in the version of EKS'} for Kubernetes {kubernetes}",
        wanted in names if wanted else bool(names),
        f"{len(names)} versions, default {', '.join(default) or 'none'}",
        f"version: {default[0]}"
        if default
        else "no version of this add-on serves the cluster: install it by its chart",
    )


def _agent(section: AwsSettings, cluster: str, read: Read) -> Iterator[Finding]:
    if section.drivers.permission != "pod-identity":
        return
    there = _addon(AGENT, cluster, read) is not None
    yield finding(
        "drivers: Pod Identity",
        f"{AGENT} is {'not there yet' if section.drivers.install_agent else 'there'}",
        there != section.drivers.install_agent,
        "it is there" if there else "it is not there",
        f"drivers: installAgent: {'false' if there else 'true'}",
    )
