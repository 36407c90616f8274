"""The section `kotaemon:archive` of a stack file: what moves to the cold tier by itself, and when."""

from typing import Annotated

from pydantic import AfterValidator, Field

from components.object.rules import ARCHIVE_DAYS, ARCHIVE_SCHEDULE
from components.protection.names import refused_cron
from stacks.settings.fields import DnsLabel, Strict, SubPath, accept


def _cron(value: str) -> str:
    accept(refused_cron(value))
    return value


CronLine = Annotated[str, AfterValidator(_cron)]


class ReportsSettings(Strict):
    """Where jobs write reports."""

    claim: DnsLabel = Field(description="File claim that the reports are on.")
    folder: SubPath = Field("eval", description="Folder of the claim that the reports are in.")


class ArchiveSettings(Strict):
    """Finished reports and rotated logs move from the file claim to the cold tier, where the role eval is."""

    reports: ReportsSettings | None = Field(None, description="Where jobs write reports; default: no report is moved.")
    logs: bool = Field(True, description="Whether rotated files of the role logs are moved, to logs/archive/<pod>/.")
    after_days: int = Field(
        ARCHIVE_DAYS, ge=1, le=3650, description="Days for which nothing was written to what is moved."
    )
    schedule: CronLine = Field(ARCHIVE_SCHEDULE, description="Cron line in UTC.")
