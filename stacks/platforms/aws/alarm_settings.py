"""Alarms of CloudWatch: the key `alarms` in the section `kotaemon:aws`."""

from pydantic import Field

from components.monitoring.alarms import CREDIT_PERCENT
from stacks.settings.alarms import AlarmSettings


class AwsAlarmSettings(AlarmSettings):
    """Alarms of CloudWatch for the file systems and the database: how full they are, and their burst credits."""

    topic: str = Field(
        description="ARN of your SNS topic, in the region of the stack, that is told when an alarm begins and ends."
    )
    credit_percent: int = Field(
        CREDIT_PERCENT.default,
        ge=CREDIT_PERCENT.least,
        le=CREDIT_PERCENT.most,
        description="Percent of burst credits of OpenZFS and RDS below which they count as used up; without credits "
        "both are as slow as their baseline.",
    )
