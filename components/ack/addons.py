"""Add-ons of an ACK cluster. One that is installed already is taken over; none is installed a second time."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, ResourceOptions
from typing_extensions import NotRequired

from ..alicloud import refused_addon
from ..refusal import refuse


class AckAddonsArgs(TypedDict):
    """Arguments of AckAddons."""

    cluster_id: Input[str]
    """Id of the ACK cluster."""
    addons: Mapping[str, str | None]
    """Add-on -> version; None leaves the version that is installed, or takes the newest where none is."""
    configuration: NotRequired[Mapping[str, str]]
    """Add-on -> its own settings as JSON. They are merged into those the cluster has."""


def check(name: str, args: AckAddonsArgs) -> list[str]:
    """Mistakes in the arguments of AckAddons(name, args); none: they can be kept."""
    refused = {addon: refused_addon(addon) for addon in args["addons"]}
    unknown = [addon for addon in args.get("configuration", {}) if addon not in args["addons"]]
    return [
        *(f"addons: {addon!r} {reason}" for addon, reason in refused.items() if reason),
        *(f"configuration: {addon!r} is not one of the addons" for addon in unknown),
    ]


class AckAddons(pulumi.ComponentResource):
    """Keeps the storage add-ons of an existing cluster at a version.

    One that is installed is taken over and only touched where version or settings differ. On deletion they stay: the
    provider would uninstall them, and with them the volumes of everybody in the cluster
    (terraform-provider-alicloud: resource_alicloud_cs_kubernetes_addon.go, Create and Delete).
    """

    def __init__(self, name: str, args: AckAddonsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("AckAddons", name, check(name, args))
        super().__init__("kotaemon:index:AckAddons", name, None, opts)
        for addon, version in args["addons"].items():
            alicloud.cs.KubernetesAddon(
                f"{name}-{addon}",
                cluster_id=args["cluster_id"],
                name=addon,
                version=version,
                config=args.get("configuration", {}).get(addon),
                opts=ResourceOptions(parent=self, retain_on_delete=True),
            )
        self.register_outputs({})
