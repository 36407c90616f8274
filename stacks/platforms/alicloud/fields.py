"""Types of single values that only Alibaba Cloud has."""

from typing import Annotated

from stacks.settings.fields import matching

Zone = Annotated[
    str, matching(r"[a-z]{2}-[a-z0-9-]+-[a-z]", "must be a zone of Alibaba Cloud, for example cn-hangzhou-h")
]


def number_as_text(value: object) -> object:
    """Versions look like numbers in YAML: 4.0 without quotes is one, and so is 4."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "3" if value == 3 else f"{float(value)}"
    return value
