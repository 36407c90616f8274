"""Platform `private`: an existing cluster, existing NFS servers and StorageClasses."""

from pulumi import ResourceOptions

from stacks.platforms import kube_provider
from stacks.platforms.base import Ground, PlatformStack
from stacks.settings.settings import Settings


class Private(PlatformStack):
    """A cluster of one's own."""

    def zones(self, settings: Settings) -> list[str]:
        """As the stack file says them, for the plan."""
        return settings.cluster.zones

    def planned(self, settings: Settings) -> None:
        """There is no account to look into."""

    def ground(self, settings: Settings) -> Ground:
        """The cluster alone."""
        kubernetes = ResourceOptions(provider=kube_provider.by_file(settings))
        return Ground(kubernetes, kubernetes, None)


PLATFORM = Private()
