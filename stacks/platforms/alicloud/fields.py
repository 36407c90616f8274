"""Types of single values in the section `kotaemon:alicloud`."""

import re
from typing import Annotated

from stacks.settings.fields import matching

REGION = re.compile(r"[a-z]{2,3}-[a-z0-9-]+")
Region = Annotated[str, matching(REGION.pattern, "must be a region of Alibaba Cloud, for example cn-hangzhou")]
Zone = Annotated[
    str,
    matching(
        r"[a-z]{2,3}-([a-z0-9-]+-|[a-z0-9-]*[0-9])[a-z]",
        "must be a zone of Alibaba Cloud, for example cn-hangzhou-h or ap-southeast-1a",
    ),
]
"""A zone by its form alone; whether it is one of the stack's region, `refused_zone` of components/alicloud.py says."""


def number_as_text(value: object) -> object:
    """A version as text. Without quotes YAML reads versions such as 4.0 and 4 as numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "3" if value == 3 else f"{float(value)}"
    return value
