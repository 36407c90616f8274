"""What every kind of claim says in a stack file, whatever it is made of."""

from abc import abstractmethod
from typing import Any

from pydantic import Field

from components.contract import Medium
from stacks.settings.fields import Size, Strict


class ClaimSettings(Strict):
    """A claim. Each kind adds its own keys, in its file in stacks/kinds/."""

    kind: Any = Field(description="What the claim is made of.")
    """Its name; each kind narrows it to a literal of its own."""
    size: Size = Field("20Gi", description="Size of the claim; it can only grow.")

    @property
    @abstractmethod
    def medium(self) -> Medium:
        """What the claim is made of: it decides which roles suit it when the stack file does not say."""
