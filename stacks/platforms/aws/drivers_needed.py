"""Which CSI drivers a stack on AWS needs and does not install."""

from typing import Literal

from stacks.kinds.base import NeededDriver
from stacks.platforms.aws.settings import AwsSettings
from stacks.settings.settings import Settings


def needed_driver(driver: str, key: Literal["ebs", "efs", "fsx", "s3"], settings: Settings) -> NeededDriver | None:
    """The driver, named `key` in the section; None where the stack installs it, or EKS Auto Mode has it."""
    section = settings.section(AwsSettings)
    chosen = getattr(section.drivers, key)
    if chosen.mode == "install" or (key == "ebs" and section.auto_mode):
        return None
    remedy = f"kotaemon:aws.drivers.{key}: {{mode: install}} has the stack install it, or install it by its chart"
    return NeededDriver(driver, remedy)
