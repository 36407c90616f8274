"""What the nodes of a stack ask of a claim that is mounted by NFS."""

from collections.abc import Iterator, Sequence

from components.contract import Platform
from components.file.nfs import BOTTLEROCKET_OPTION, NO_MOUNT_NFS, bottlerocket_mistakes
from stacks.settings.settings import Settings


def mistakes(driver: str, options: Sequence[str], settings: Settings) -> Iterator[str]:
    """What nodes without mount.nfs would not mount: `<key below the claim>: <reason>`."""
    if _mount_it(settings):
        return
    if driver == "in-tree":
        yield f"driver: {NO_MOUNT_NFS}"
    for mistake in bottlerocket_mistakes(options):
        yield f"mountOptions: {mistake}"


def options(given: Sequence[str], settings: Settings) -> list[str]:
    """The mount options of a claim, with what nodes without mount.nfs need."""
    return list(given) if _mount_it(settings) else [BOTTLEROCKET_OPTION, *given]


def _mount_it(settings: Settings) -> bool:
    """Whether the nodes mount NFS themselves. Where the stack file says nothing of its nodes, they do."""
    if settings.platform != Platform.AWS:
        return True
    from stacks.platforms.aws.settings import AwsSettings

    return settings.section(AwsSettings).mounts_nfs
