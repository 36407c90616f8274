"""What vector servers share that exist already."""

from pydantic import Field, SecretStr, model_validator

from components.state.stores import VectorStore, VectorStoreKind
from stacks.kinds.base import Identity
from stacks.settings.stores import FromSecret, ServerUrl
from stacks.stores.base import MadeStore, Store, StoreContext
from stacks.stores.servers import endpoint, planned_key, secret_key


class KeyedVectorServer(FromSecret):
    """An existing vector server."""

    url: ServerUrl = Field(description="URL, as pods reach it.")
    api_key: SecretStr | None = Field(None, description="Qdrant's key, Milvus's user:password; set it with --secret.")

    @model_validator(mode="after")
    def _source(self) -> "KeyedVectorServer":
        self.one_source("apiKey", self.api_key, "without a key everybody who reaches the server reads every document")
        return self


class VectorServer(Store[KeyedVectorServer]):
    """A vector server that exists already."""

    client: VectorStoreKind
    """Which client of the application speaks to it."""

    def planned(self, at: StoreContext[KeyedVectorServer]) -> VectorStore:
        """Where it is; its key is in a Secret."""
        chosen = at.chosen
        return VectorStore(
            kind=self.client,
            url=chosen.url,
            api_key=planned_key(at.name, "api-key", chosen, chosen.api_key),
            endpoint=endpoint(chosen.endpoint),
        )

    def identity(self, at: StoreContext[KeyedVectorServer]) -> Identity:
        """Another URL is another server."""
        return {"url": at.chosen.url}

    def make(self, at: StoreContext[KeyedVectorServer]) -> MadeStore:
        """A Secret with the key, where the stack file has it."""
        return MadeStore({**self.planned(at), "api_key": secret_key(at, "api-key", at.chosen.api_key)})
