"""The keys that every kind of claim has in a stack file."""

from abc import abstractmethod
from typing import Any

from pydantic import Field

from components.contract import Medium
from stacks.settings.existing import Existing
from stacks.settings.fields import Size


class ClaimSettings(Existing):
    """A claim of the stack file. Each kind adds its own keys, in its file in stacks/kinds/."""

    kind: Any = Field(description="Kind of the claim.")
    """Name of the kind. Each kind narrows the type to a literal of its own name."""
    size: Size = Field("20Gi", description="Size of the claim in Gi or Ti; it can only grow.")

    @property
    @abstractmethod
    def medium(self) -> Medium:
        """Medium of the claim: it decides which roles are on it where the stack file does not say."""
