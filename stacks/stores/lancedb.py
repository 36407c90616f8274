"""Store kind `lancedb`: texts in LanceDB, in files of the role `indexes`."""

from typing import ClassVar, Literal

from stacks.effects import KIND_ROW, Effects
from stacks.kinds.base import INDEXES, Identity
from stacks.settings.stores import StoreSettings
from stacks.stores.base import MadeStore, Store, StoreContext


class LanceDocuments(StoreSettings):
    """Texts in LanceDB, in files of the role `indexes`."""

    kind: Literal["lancedb"]


class LanceStore(Store[LanceDocuments]):
    """Kind lancedb: the default of the application, for which nothing is made."""

    settings = LanceDocuments
    effects: ClassVar[Effects] = {"kind": KIND_ROW}

    def planned(self, at: StoreContext[LanceDocuments]) -> None:
        """No argument for the application, which uses LanceDB by default."""

    def identity(self, at: StoreContext[LanceDocuments]) -> Identity:
        """The texts move with the role whose files they are."""
        return INDEXES

    def make(self, at: StoreContext[LanceDocuments]) -> MadeStore:
        """Register nothing."""
        return MadeStore(None)


STORE = LanceStore()
