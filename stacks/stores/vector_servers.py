"""What existing vector servers share."""

from typing import ClassVar

from pydantic import Field, SecretStr, model_validator

from components.state.stores import VectorStore, VectorStoreKind
from stacks.effects import KIND_ROW, Effects, names
from stacks.kinds.base import Identity
from stacks.settings.stores import FromSecret, ServerUrl
from stacks.stores.base import MadeStore, Store, StoreContext
from stacks.stores.servers import ENDPOINT, SECRET, endpoint, planned_key, secret_key


class KeyedVectorServer(FromSecret):
    """An existing vector server with a key."""

    url: ServerUrl = Field(description="URL at which the pods reach the server.")
    api_key: SecretStr | None = Field(
        None, description="API key of Qdrant, or user:password of Milvus; set it with `pulumi config set --secret`."
    )

    @model_validator(mode="after")
    def _source(self) -> "KeyedVectorServer":
        self.one_source(
            "apiKey", self.api_key, "without a key everybody who reaches the server can read every document"
        )
        return self


class VectorServer(Store[KeyedVectorServer]):
    """A kind of existing vector server."""

    client: VectorStoreKind
    """The client of the application that connects to the server."""
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "url": names("the URL names the server"),
        **dict.fromkeys(("api_key", "secret_name", "secret_key"), SECRET),
        "endpoint": ENDPOINT,
    }

    def planned(self, at: StoreContext[KeyedVectorServer]) -> VectorStore:
        """The URL of the server, and the Secret with its key."""
        chosen = at.chosen
        return VectorStore(
            kind=self.client,
            url=chosen.url,
            api_key=planned_key(at.name, "api-key", chosen, chosen.api_key),
            endpoint=endpoint(chosen.endpoint),
        )

    def identity(self, at: StoreContext[KeyedVectorServer]) -> Identity:
        """Another URL is another server, and another kind keeps its vectors in another form."""
        return {"kind": str(at.chosen.kind), "url": at.chosen.url}

    def make(self, at: StoreContext[KeyedVectorServer]) -> MadeStore:
        """Register a Secret with the key, when the stack file has the key."""
        return MadeStore({**self.planned(at), "api_key": secret_key(at, "api-key", at.chosen.api_key)})
