"""What the alarms of every cloud have in their section: when storage counts as full."""

from pydantic import Field

from components.monitoring.alarms import FULL_PERCENT
from stacks.settings.fields import Strict


class AlarmSettings(Strict):
    """When storage counts as full."""

    full_percent: int = Field(
        FULL_PERCENT.default,
        ge=FULL_PERCENT.least,
        le=FULL_PERCENT.most,
        description="Percent of `size` from which storage counts as full; 80 leaves time to make it larger.",
    )
