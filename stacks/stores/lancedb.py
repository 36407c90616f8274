"""Store kind `lancedb`: texts in LanceDB, in files of the role `indexes`."""

from typing import Literal

from stacks.settings.stores import StoreSettings
from stacks.stores.base import MadeStore, Store, StoreContext


class LanceDocuments(StoreSettings):
    """Texts in LanceDB, in the role `indexes`."""

    kind: Literal["lancedb"]


class LanceStore(Store[LanceDocuments]):
    """LanceDB: nothing to make, and what the application does when nothing is said."""

    settings = LanceDocuments

    def planned(self, at: StoreContext[LanceDocuments]) -> None:
        """Nothing is handed to the application."""

    def make(self, at: StoreContext[LanceDocuments]) -> MadeStore:
        """Nothing is made."""
        return MadeStore(None)


STORE = LanceStore()
