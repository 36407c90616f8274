"""Which CSI drivers a stack on Alibaba Cloud needs: those of ACK's components, which it never installs."""

from components.alicloud import MANAGED_ROLES
from stacks.kinds.base import NeededDriver


def needed_driver(driver: str) -> NeededDriver:
    """The driver of the component csi-plugin."""
    return NeededDriver(
        driver,
        "install ACK's components csi-plugin and csi-provisioner (console of ACK, Add-ons, or API "
        f"InstallClusterAddons); a managed cluster wants the RAM roles {', '.join(MANAGED_ROLES)}, which "
        "`aliyun ram GetRole --RoleName <role>` shows and the console's quick authorization makes; with clusterId a "
        "run asks for them and prints the commands",
    )
