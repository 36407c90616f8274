"""Kind `nas`: a NAS file system of Alibaba Cloud."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pulumi
from pydantic import BeforeValidator, Field, field_validator, model_validator

from components.contract import Claim, Medium, Platform
from components.file.nas_rules import (
    NasEncryption,
    NasKind,
    NasProtocol,
    NasSquash,
    NasStorageType,
    NasSystem,
    refused_kind,
    refused_squash,
    refused_system,
    usual_system,
)
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.alicloud_backups import Backups
from estimate.products.nas import Nas
from stacks.effects import KIND_ROW, VOLUME_TAKES, Effects, When, in_place, refused, words
from stacks.kinds.base import Buys, Context, Elsewhere, Identity, Kind, Made, NeededDriver, Watched
from stacks.kinds.folders import by_nfs_job, squashed_next
from stacks.offered import file_claim
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.drivers_needed import needed_driver as of_driver
from stacks.platforms.alicloud.effects import VSWITCH_CHANGES
from stacks.platforms.alicloud.fields import Zone, number_as_text
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, encrypted_by, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nas import NasStorageArgs


class NasClaim(ClaimSettings):
    """A NAS file system that the stack makes: encrypted, reachable from the cluster only, backed up every day."""

    kind: Literal["nas"]
    file_system: str = Field("standard", description="standard (grows by itself, real locks) or extreme.")
    storage_type: Literal["Performance", "Premium", "Capacity", "standard", "advance"] | None = Field(
        None, description="standard: Performance (default), Premium, Capacity; extreme: standard (default), advance."
    )
    size: Size = Field("100Gi", description="Size of the claim; extreme is bought in it, standard does not enforce it.")
    zone: Zone | None = Field(None, description="Zone of the file system; none: the first of `vswitches` by name.")
    protocol: Annotated[Literal["3", "4.0"], BeforeValidator(number_as_text)] | None = Field(
        None, description="4.0 (default) has real locks; 3 has none between nodes, extreme speaks 3 only."
    )
    encryption: Literal["own-key", "nas-key"] | None = Field(
        None, description="Whose key; data is always encrypted. Default: own-key, and nas-key with alicloud.serviceKey."
    )
    squash: str = Field(
        "no_squash",
        description="root_squash: root is nobody on it. The first up hands a "
        "new file system over as root, and the next one squashes it.",
    )
    recycle_bin_days: int | None = Field(None, description="1 to 180, 0 for none; standard: 7, extreme has none.")
    backup_days: int = Field(30, description="Days that Cloud Backup keeps its daily copy; 0 for none.")
    infrequent_access_days: int | None = Field(None, description="Always refused: encrypted NAS has no lifecycle.")

    @field_validator("file_system")
    @classmethod
    def _known(cls, value: str) -> str:
        accept(refused_kind(value))
        return value

    @field_validator("squash")
    @classmethod
    def _squash(cls, value: str) -> str:
        accept(refused_squash(value))
        return value

    @model_validator(mode="after")
    def _possible(self) -> "NasClaim":
        accept(refused_system(self.system))
        return self

    @property
    def system(self) -> NasSystem:
        """The file system, with the defaults of its family."""
        return usual_system(
            self.file_system,
            gib(self.size, "size"),
            storage_type=self.storage_type,
            protocol=self.protocol,
            recycle_bin_days=self.recycle_bin_days,
            backup_days=self.backup_days,
            infrequent_access_days=self.infrequent_access_days,
        )

    @property
    def parts(self) -> Mapping[str, Id]:
        """The file system, who may mount it, its backup, and what stands on it."""
        return {
            "file-system": ids.FILE_SYSTEM,
            "mount-target": ids.MOUNT_TARGET,
            "access-group": ids.ACCESS_GROUP,
            "access-[0-9]+": ids.ACCESS_RULE,
            "(copy-)?vault": ids.VAULT,
            "backup": ids.BACKUP_PLAN,
            **VOLUME,
        }

    @property
    def medium(self) -> Medium:
        """NAS is shared."""
        return Medium.FILE


_UPSTREAM = "terraform-provider-alicloud v1.285.0: resource_alicloud_nas_file_system.go"
_SHRINKS = When(
    "an extreme file system becomes smaller",
    lambda before, after: (
        before.get("fileSystem") == NasKind.EXTREME.value
        and gib(str(before["size"]), "size") > gib(str(after["size"]), "size")
    ),
)
_FEWER = When("there are fewer", lambda before, after: len(after["clusterCidrs"]) < len(before["clusterCidrs"]))
_NO_COPIES = When("it becomes 0", lambda before, after: not after.get("backupDays"))
_LEAVE_ONE = "the copies would stay without a plan; write the smallest number of days instead"


class NasClaimKind(Kind[NasClaim]):
    """A NAS file system that the stack makes."""

    settings = NasClaim
    platforms = (Platform.ALICLOUD,)
    fill_elsewhere = (
        "CloudMonitor, or csi-plugin's own numbers in Alibaba Cloud's Prometheus "
        "(Alibaba Cloud: Container storage monitoring metrics)"
    )
    in_account = True
    drivers = ("nasplugin.csi.alibabacloud.com",)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "file_system": refused(f"{_UPSTREAM}, file_system_type"),
        "storage_type": refused(f"{_UPSTREAM}, storage_type"),
        "size": in_place(
            VOLUME_TAKES,
            "the volume follows, an extreme file system grows; the claim keeps its request",
            (_SHRINKS, refused(f"{_UPSTREAM}, capacity; NAS UpgradeFileSystem")),
        ),
        "zone": refused(f"{_UPSTREAM}, zone_id"),
        "protocol": in_place(VOLUME_TAKES, "it is a mount option; a node takes it at its next mount"),
        "encryption": refused(f"{_UPSTREAM}, encrypt_type"),
        "squash": in_place("terraform-provider-alicloud v1.285.0: resource_alicloud_nas_access_rule.go"),
        "recycle_bin_days": in_place(f"{_UPSTREAM}, recycle_bin"),
        "backup_days": in_place(
            "terraform-provider-alicloud v1.285.0: resource_alicloud_hbr_nas_backup_plan.go, retention",
            "",
            (_NO_COPIES, refused("components/file/nas.py: the vault is protected, it holds the copies", _LEAVE_ONE)),
        ),
        "infrequent_access_days": words("it is always refused"),
    }
    section_effects: ClassVar[Effects] = {
        "vswitches": in_place(
            "a file system uses the vSwitch of its own zone only",
            "the file system stays in its zone",
            (VSWITCH_CHANGES, refused("terraform-provider-alicloud v1.285.0: resource_alicloud_nas_mount_target.go")),
        ),
        "cluster_cidrs": in_place(
            "terraform-provider-alicloud v1.285.0: resource_alicloud_nas_access_rule.go, source_cidr_ip",
            "nodes of a new network may mount",
            (_FEWER, refused("components/file/nas.py: a rule that lets nodes mount is protected", "leave it in")),
        ),
    }

    def own_backup(self, chosen: NasClaim) -> str:
        """Daily copies by Cloud Backup, where they are on."""
        return f"daily copies by Cloud Backup, kept {chosen.backup_days} days" if chosen.backup_days else ""

    def copied(self, chosen: NasClaim, settings: Settings) -> bool:
        """Where Cloud Backup makes copies that its vault can hand on."""
        return bool(chosen.backup_days)

    def planned(self, at: Context[NasClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.nas import nas_claim

        return nas_claim(at.component, _nas_args(at))

    def filled_in(self, at: Context[NasClaim]) -> dict[str, Any]:
        """The first zone and the key of the section, and the defaults of the family of file systems."""
        system = at.chosen.system
        return {
            "zone": at.chosen.zone or at.settings.section(AlicloudSettings).zones[0],
            "storageType": system.storage_type.value,
            "protocol": system.protocol.value,
            "encryption": _encryption(at).value,
        }

    def identity(self, at: Context[NasClaim]) -> Identity:
        """A file system in another zone is another file system."""
        return {**super().identity(at), "zone": at.chosen.zone or at.settings.section(AlicloudSettings).zones[0]}

    def products(self, at: Context[NasClaim]) -> list[Buys]:
        """One file system, and the vault of its copies."""
        system = at.chosen.system
        bought = [
            Buys(f"{at.component}-file-system", Nas(system.size_gib, system.kind.value, system.storage_type.value))
        ]
        if system.backup_days:
            bought.append(Buys(f"{at.component}-vault", Backups("hbr.vault.storage")))
            if at.settings.backup_copy is not None:
                bought.append(Buys(f"{at.component}-copy-vault", Backups("hbr.vault.storage")))
        return bought

    def make(self, at: Context[NasClaim], opts: pulumi.ResourceOptions) -> Made:
        """The file system, mount target, volume and claim. Its root belongs to root: a Job makes the folders."""
        from components.file.nas import NasStorage, as_export

        made = NasStorage(at.component, _nas_args(at), opts)
        if at.elsewhere is not None and made.vault_id is not None:
            _mirror(at, at.elsewhere, made.vault_id)
        if _squashed(at):
            return Made(made, id=made.file_system_id)
        squash = at.chosen.squash == NasSquash.ROOT_SQUASH.value
        if squash:
            squashed_next(at)
        export = as_export(at.component, _nas_args(at), made.server)
        return Made(made, by_nfs_job(at, export, give_root=squash), made.file_system_id)

    def watched(self, chosen: NasClaim) -> Watched | None:
        """What is stored, against the size that was planned: general-purpose NAS has no end. Of extreme NAS no document
        that could be read names the metric (docs/monitoring.md)."""
        return Watched("nas", chosen.size) if chosen.system.kind == NasKind.STANDARD else None

    def needed_driver(self, chosen: NasClaim, settings: Settings) -> NeededDriver:
        """The driver of the component csi-plugin."""
        return of_driver("nasplugin.csi.alibabacloud.com")

    def mistakes(self, chosen: NasClaim, settings: Settings) -> Iterator[str]:
        """A zone without a vSwitch, or a key of its own where the stack has none."""
        if chosen.encryption == "own-key" and settings.section(AlicloudSettings).service_key:
            yield "encryption: own-key needs a key, and kotaemon:alicloud.serviceKey is true; leave encryption out"
        yield from zone_mistakes(settings.section(AlicloudSettings), "zone", [chosen.zone] if chosen.zone else [])

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """General-purpose, fast and cheap."""
        size = wanted.gib(Part.FILES)
        for storage_type in ("Performance", "Capacity"):
            said = {"kind": "nas", "size": f"{size}Gi", "zone": wanted.zones[0], "storageType": storage_type}
            product, claim = Nas(size, "standard", storage_type), file_claim(Part.FILES, size, "nas4", "KMS")
            yield Offer(Part.FILES, (product,), claim, said)


def _mirror(at: Context[NasClaim], there: Elsewhere, vault_id: pulumi.Output[str]) -> None:
    """The vault in the other region. It keeps what the first one keeps, for as long."""
    from components.protection.mirror_vault import MirrorVault, MirrorVaultArgs

    args = MirrorVaultArgs(
        vault_name=f"{cloud_name()}-{at.component}-copy"[:64],
        source_vault_id=vault_id,
        source_region=at.region,
        protect=at.settings.protect,
    )
    if at.settings.backup_copy is not None and at.settings.backup_copy.key is not None:
        args["key_id"] = there.key
    MirrorVault(f"{at.component}-copy", args, there.cloud)


def _squashed(at: Context[NasClaim]) -> bool:
    """Whether root is squashed in this run: a file system that is there has its folders."""
    there = at.lived or "file-system" in at.chosen.existing
    return at.chosen.squash == NasSquash.ROOT_SQUASH.value and there


def _encryption(at: Context[NasClaim]) -> NasEncryption:
    service_key = at.settings.section(AlicloudSettings).service_key
    return NasEncryption(at.chosen.encryption or ("nas-key" if service_key else "own-key"))


def _nas_args(at: Context[NasClaim]) -> "NasStorageArgs":
    from components.file.nas import NasStorageArgs

    alicloud = at.settings.section(AlicloudSettings)
    zone = at.chosen.zone or alicloud.zones[0]
    args = NasStorageArgs(
        namespace=at.namespace,
        cloud_name=cloud_name(),
        zone=zone,
        vpc_id=alicloud.vpc_id,
        vswitch_id=alicloud.vswitches[zone],
        client_cidrs=alicloud.cluster_cidrs,
        size=at.chosen.size,
        kind=NasKind(at.chosen.file_system),
        encryption=_encryption(at),
        squash=NasSquash.ROOT_SQUASH if _squashed(at) else NasSquash.NO_SQUASH,
        backup_days=at.chosen.backup_days,
        tags=tags(alicloud),
        encrypted_by=encrypted_by(alicloud),
        protect=at.settings.protect,
    )
    if not alicloud.service_key:
        args["key_id"] = at.key
    if at.chosen.storage_type is not None:
        args["storage_type"] = NasStorageType(at.chosen.storage_type)
    if at.chosen.protocol is not None:
        args["protocol"] = NasProtocol(at.chosen.protocol)
    if at.chosen.recycle_bin_days is not None:
        args["recycle_bin_days"] = at.chosen.recycle_bin_days
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args


KIND = NasClaimKind()
