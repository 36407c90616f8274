"""The section `kotaemon:logs` of a stack file: the files in the role `logs`."""

from pydantic import Field, model_validator

from components.kotaemon.args import LogFiles
from components.quantity import mib
from stacks.settings.fields import Memory, Strict
from stacks.settings.log_shipping import ShippingSettings


class LogSettings(Strict):
    """The log files of the pods, in the role `logs`. Everything goes to the standard output in any case."""

    max_file_size: Memory | None = Field(
        None, description="Size in Mi or Gi at which a pod begins its next log file; default 64Mi."
    )
    files: int | None = Field(
        None, ge=1, le=100, description="Number of log files that each pod keeps, with the one it writes; default 4."
    )
    max_total_size: Memory | None = Field(
        None,
        description="Size in Mi or Gi of the log files of all pods together, also of pods that are gone; the oldest "
        "files go first. Default 4Gi.",
    )

    shipping: ShippingSettings | None = Field(None, description="Ships the logs to a server; default: nothing does.")

    @model_validator(mode="after")
    def _in_order(self) -> "LogSettings":
        found = self.args()
        if "max_file_mib" in found and found["max_file_mib"] > found.get("max_total_mib", found["max_file_mib"]):
            raise ValueError(f"maxTotalSize {self.max_total_size} is less than maxFileSize {self.max_file_size}")
        return self

    def args(self) -> LogFiles:
        """These settings as the argument `logs` of `Kotaemon`."""
        made = LogFiles()
        if self.max_file_size is not None:
            made["max_file_mib"] = mib(self.max_file_size, "logs.maxFileSize")
        if self.files is not None:
            made["files"] = self.files
        if self.max_total_size is not None:
            made["max_total_mib"] = mib(self.max_total_size, "logs.maxTotalSize")
        return made
