"""Store kind `elasticsearch`: texts in an existing Elasticsearch server."""

from typing import ClassVar, Literal

from pydantic import Field, SecretStr, model_validator

from components.state.stores import DocumentStore, DocumentStoreKind
from stacks.effects import KIND_ROW, Effects, names
from stacks.kinds.base import Identity
from stacks.settings.stores import FromSecret, ServerUrl
from stacks.stores.base import MadeStore, Store, StoreContext
from stacks.stores.servers import ENDPOINT, SECRET, endpoint, planned_key, secret_key


class ElasticsearchServer(FromSecret):
    """An existing Elasticsearch server, for many users who upload at the same time."""

    kind: Literal["elasticsearch"]
    url: ServerUrl = Field(description="URL at which the pods reach the server.")
    user: str = Field("elastic", description="User name.")
    password: SecretStr | None = Field(
        None, description="Password of the user; set it with `pulumi config set --secret`."
    )

    @model_validator(mode="after")
    def _source(self) -> "ElasticsearchServer":
        self.one_source(
            "password", self.password, "without one everybody who reaches the server can read every document"
        )
        return self


class ElasticsearchStore(Store[ElasticsearchServer]):
    """Kind elasticsearch: an existing Elasticsearch server."""

    settings = ElasticsearchServer
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "url": names("the URL names the server"),
        **dict.fromkeys(("user", "password", "secret_name", "secret_key"), SECRET),
        "endpoint": ENDPOINT,
    }

    def planned(self, at: StoreContext[ElasticsearchServer]) -> DocumentStore:
        """The URL of the server, and the Secret with its password."""
        chosen = at.chosen
        return DocumentStore(
            kind=DocumentStoreKind.ELASTICSEARCH,
            url=chosen.url,
            user=chosen.user,
            password=planned_key(at.name, "password", chosen, chosen.password),
            endpoint=endpoint(chosen.endpoint),
        )

    def identity(self, at: StoreContext[ElasticsearchServer]) -> Identity:
        """The URL is the identity: another URL is another server."""
        return {"url": at.chosen.url}

    def make(self, at: StoreContext[ElasticsearchServer]) -> MadeStore:
        """Register a Secret with the password, when the stack file has the password."""
        return MadeStore({**self.planned(at), "password": secret_key(at, "password", at.chosen.password)})


STORE = ElasticsearchStore()
