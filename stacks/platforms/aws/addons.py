"""What EKS says of the add-ons of the CSI drivers, asked in a preview: before storage is made that no pod could mount.

It is asked with the credentials of the account, so no kubeconfig is needed. Nothing of it is a refusal: a driver may
come by its chart, and a role by an association that was made beside the add-on. Without `kotaemon:aws.cluster` nobody
is asked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pulumi import InvokeOptions, Output

from components.eks.driver import ADDON_ACCOUNTS, Driver
from stacks import csi_drivers, kinds
from stacks.platforms import asking
from stacks.platforms.aws.place import Place
from stacks.platforms.aws.settings import AwsSettings, DriverSettings, tags
from stacks.settings.settings import Settings

ADDON = "aws:eks/getAddon:getAddon"
VERSION = "aws:eks/getAddonVersion:getAddonVersion"
ISSUER = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"
AGENT = "eks-pod-identity-agent"
FIELDS = {Driver.EBS: "ebs", Driver.EFS: "efs", Driver.FSX: "fsx", Driver.S3: "s3"}
"""Driver -> its key below `drivers` in the stack file, which is also the first word of its name in the cluster."""
_ABSENT = re.compile(r"couldn't find resource|empty result|ResourceNotFound|NoSuchEntity|not found", re.IGNORECASE)
"""How terraform-provider-aws says that there is no such thing (internal/retry, NotFoundError and EmptyResultError)."""


class Answer(NamedTuple):
    """What a function of the provider said."""

    found: Mapping[str, Any] | None = None
    """Its result. None: there is no such thing, or nobody knows."""
    absent: bool = False
    """Whether it said that there is none. Without it and without a result nobody was asked, as in a plan."""
    reason: str = ""
    """Why it did not say anything."""


class Versions(NamedTuple):
    """What EKS offers of an add-on for the version of the cluster."""

    kubernetes: str
    default: Answer
    newest: Answer


def tell(settings: Settings, section: AwsSettings, place: Place, opts: InvokeOptions) -> None:
    """Warn of what EKS would refuse, and of drivers and roles that are not there."""
    if section.cluster is None:
        return
    for driver in used(settings, section):
        _lines_of(settings, section, driver, opts).apply(asking.warn)
    if any(chosen.mode == "install" for chosen in _chosen(section).values()) and not section.auto_mode:
        _lines_of_permission(section, place, opts).apply(asking.warn)


def used(settings: Settings, section: AwsSettings) -> list[Driver]:
    """The drivers that claims need, and those that the stack installs."""
    needed = (kinds.kind(one.kind).needed_driver(one, settings) for one in settings.storage.claims.values())
    names = {one.driver.partition(".")[0] for one in needed if one is not None}
    return [d for d, chosen in _chosen(section).items() if chosen.mode == "install" or FIELDS[d] in names]


def said(
    settings: Settings, section: AwsSettings, driver: Driver, addon: Answer, versions: Versions | None
) -> Iterator[str]:
    """What is said of one driver. `versions`: of an add-on that the stack installs; None: it does not."""
    key, chosen = f"kotaemon:aws.drivers.{FIELDS[driver]}", _chosen(section)[driver]
    if addon.reason:
        yield f"{key}: EKS did not say whether cluster {section.cluster} has the add-on {driver.value} ({addon.reason})"
    elif versions is not None:
        yield from _of_installed(key, section, driver, addon, versions)
    elif addon.absent and settings.cluster.kubeconfig is None:  # else the cluster itself has told (csi_drivers)
        name = f"{FIELDS[driver]}.csi.aws.com"
        yield (
            f"{key}: cluster {section.cluster} has no add-on {driver.value}. Unless a chart has installed the driver "
            f"(`kubectl get csidriver {name}` shows it), pods would wait for ever for a volume that this run makes; "
            f"{key}: {{mode: install}} has the stack install it"
        )
    elif addon.found is not None:
        yield from _of_adopted(key, settings, section, driver, addon.found)
        if chosen.role is not None and (role := _role(driver, addon.found)) not in (None, chosen.role):
            yield (
                f"{key}.role: {chosen.role}, but the add-on {driver.value} of cluster {section.cluster} runs as "
                f"{role}, so the policy of the key lets another role in; write the role of the add-on"
            )


def of_agent(section: AwsSettings, addon: Answer) -> Iterator[str]:
    """What is said of the agent of Pod Identity, by which installed drivers get their roles."""
    key, chosen = "kotaemon:aws.drivers.installAgent", section.drivers.install_agent
    if addon.absent and not chosen:
        yield (
            f"{key}: false, and cluster {section.cluster} has no add-on {AGENT}, without which no driver gets the role "
            "that the stack makes for it; set it to true, or install the agent by its chart"
        )
    elif addon.found is not None and chosen and not _ours(addon.found, section, "pod-identity-addon"):
        yield (
            f"{key}: true, but cluster {section.cluster} has the add-on {AGENT} already, and EKS refuses a second one; "
            "leave it out"
        )


def of_issuer(issuer: str, provider: Answer) -> Iterator[str]:
    """What is said where IAM does not know the issuer of the cluster's tokens."""
    if provider.absent:
        yield (
            f"kotaemon:aws.drivers.permission: irsa, but IAM has no identity provider for {issuer}, so no driver could "
            f"take its role; `aws iam create-open-id-connect-provider --url {issuer} --client-id-list "
            "sts.amazonaws.com` makes it"
        )


def _of_installed(key: str, section: AwsSettings, driver: Driver, addon: Answer, versions: Versions) -> Iterator[str]:
    name, wanted = driver.value, _chosen(section)[driver].version
    if addon.found is not None:
        if not _ours(addon.found, section, f"{name}-addon-addon"):
            role = f", role: {found}" if driver is Driver.EBS and (found := _role(driver, addon.found)) else ""
            yield (
                f"{key}: {{mode: install}}, but cluster {section.cluster} has the add-on {name} "
                f"{addon.found['addonVersion']} already, and EKS refuses a second one; write {{mode: adopt{role}}}"
            )
        return
    if not addon.absent:
        return
    if versions.default.absent and versions.newest.absent:
        yield (
            f"{key}: {{mode: install}}, but EKS has no version of the add-on {name} for Kubernetes "
            f"{versions.kubernetes}; install the driver by its chart, and write {{mode: adopt}}"
        )
    known = [str(one.found["version"]) for one in (versions.default, versions.newest) if one.found is not None]
    if wanted is None or not known or wanted in known:
        return
    listing = f"`aws eks describe-addon-versions --addon-name {name} --kubernetes-version {versions.kubernetes}`"
    word = "newer than the newest" if _number(wanted) > _number(known[-1]) else "neither the default nor the newest"
    yield (
        f"{key}.version: {wanted!r} is {word} version of {name} for Kubernetes {versions.kubernetes} "
        f"({', '.join(dict.fromkeys(known))}), and EKS refuses one that is not in its list; {listing} prints it"
    )


def _of_adopted(
    key: str, settings: Settings, section: AwsSettings, driver: Driver, addon: Mapping[str, Any]
) -> Iterator[str]:
    version, account = str(addon["addonVersion"]), ADDON_ACCOUNTS[driver][0]
    makes = any(csi_drivers.made_by_the_driver(claim) for claim in settings.storage.claims.values())
    needs = driver in (Driver.EBS, Driver.S3) or (driver is Driver.EFS and makes)
    if needs and _role(driver, addon) is None:
        name, where = driver.value, f"--cluster-name {section.cluster}"
        yield (
            f"{key}: the add-on {name} {version} of cluster {section.cluster} names no IAM role for {account}. It "
            "works only by an association that was made beside it, or by the role of the nodes: "
            f"`aws eks list-pod-identity-associations {where} --namespace kube-system --service-account {account}` "
            f"shows the first; `aws eks update-addon {where} --addon-name {name} --pod-identity-associations "
            f"serviceAccount={account},roleArn=<role>` gives it one"
        )
    if driver is Driver.EFS and makes and settings.cluster.kubeconfig is None:
        yield from csi_drivers.of_version(key, version)


def _role(driver: Driver, addon: Mapping[str, Any]) -> str | None:
    """Role of the part of the driver that makes volumes."""
    pods = addon.get("podIdentityAssociations") or []
    of_pods = [str(one["roleArn"]) for one in pods if one["serviceAccount"] in ADDON_ACCOUNTS[driver]]
    return next(iter(of_pods), addon.get("serviceAccountRoleArn") or None)


def _ours(addon: Mapping[str, Any], section: AwsSettings, part: str) -> bool:
    """Whether this stack made the add-on, or takes it up: its tags, or `existing`, say so."""
    mine = {key: tags(section)[key] for key in ("app", "stack")}
    return part in section.existing or mine.items() <= (addon.get("tags") or {}).items()


def _chosen(section: AwsSettings) -> dict[Driver, DriverSettings]:
    return {driver: getattr(section.drivers, name) for driver, name in FIELDS.items()}


def _number(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", version)]


def _lines_of(settings: Settings, section: AwsSettings, driver: Driver, opts: InvokeOptions) -> Output[list[str]]:
    import pulumi_aws as aws

    about = {"clusterName": section.cluster, "addonName": driver.value}

    async def lines(kubernetes: str) -> list[str]:
        addon = await _asked(ADDON, about, opts)
        versions = await _versions(driver, kubernetes, opts) if kubernetes else None
        return list(said(settings, section, driver, addon, versions))

    if _chosen(section)[driver].mode == "install":
        return aws.eks.get_cluster_output(name=section.cluster or "", opts=opts).version.apply(lines)
    return Output.from_input("").apply(lines)


def _lines_of_permission(section: AwsSettings, place: Place, opts: InvokeOptions) -> Output[list[str]]:
    async def issuer(url: str) -> list[str]:
        return list(of_issuer(url, await _asked(ISSUER, {"url": url}, opts)))

    async def agent(cluster: str) -> list[str]:
        return list(of_agent(section, await _asked(ADDON, {"clusterName": cluster, "addonName": AGENT}, opts)))

    if section.drivers.permission == "irsa":
        return Output.from_input(place.oidc_issuer).apply(issuer)
    return Output.from_input(section.cluster or "").apply(agent)


async def _versions(driver: Driver, kubernetes: str, opts: InvokeOptions) -> Versions:
    about = {"addonName": driver.value, "kubernetesVersion": kubernetes}
    default = await _asked(VERSION, about, opts)
    return Versions(kubernetes, default, await _asked(VERSION, {**about, "mostRecent": True}, opts))


async def _asked(function: str, about: Mapping[str, Any], opts: InvokeOptions) -> Answer:
    try:
        return Answer(await asking.ask(function, about, opts))
    except asking.NoAnswer as error:
        return Answer(absent=True) if _ABSENT.search(str(error)) else Answer(reason=error.line)
