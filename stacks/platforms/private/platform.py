"""Platform `private`: an existing cluster with existing NFS servers and StorageClasses."""

from pulumi import ResourceOptions

from stacks.platforms import kube_provider
from stacks.platforms.base import Ground, PlatformStack
from stacks.settings.settings import Settings


class Private(PlatformStack):
    """Platform private: a cluster of the user's own."""

    def zones(self, settings: Settings) -> list[str]:
        """The zones in the section `kotaemon:cluster`, which only the plan uses."""
        return settings.cluster.zones

    def planned(self, settings: Settings) -> None:
        """Nothing is looked up: there is no account."""

    def ground(self, settings: Settings) -> Ground:
        """Register the Kubernetes provider; there is nothing else to make."""
        kubernetes = ResourceOptions(provider=kube_provider.by_file(settings))
        return Ground(kubernetes, kubernetes, None)


PLATFORM = Private()
