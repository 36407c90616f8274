"""Types of single values in the section `kotaemon:alicloud`."""

from typing import Annotated

from stacks.settings.fields import matching

Zone = Annotated[
    str, matching(r"[a-z]{2}-[a-z0-9-]+-[a-z]", "must be a zone of Alibaba Cloud, for example cn-hangzhou-h")
]


def number_as_text(value: object) -> object:
    """A version as text. Without quotes YAML reads versions such as 4.0 and 4 as numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "3" if value == 3 else f"{float(value)}"
    return value
