"""Store kind `elasticsearch`: texts in an Elasticsearch server that exists already."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from components.state.stores import DocumentStore, DocumentStoreKind
from stacks.kinds.base import Identity
from stacks.settings.stores import FromSecret, ServerUrl
from stacks.stores.base import MadeStore, Store, StoreContext
from stacks.stores.servers import endpoint, planned_key, secret_key


class ElasticsearchServer(FromSecret):
    """Elasticsearch that exists already, for many users who upload at once."""

    kind: Literal["elasticsearch"]
    url: ServerUrl = Field(description="URL, as pods reach it.")
    user: str = Field("elastic", description="User name.")
    password: SecretStr | None = Field(None, description="Password of the user; set it with --secret.")

    @model_validator(mode="after")
    def _source(self) -> "ElasticsearchServer":
        self.one_source("password", self.password, "without one everybody who reaches it reads every document")
        return self


class ElasticsearchStore(Store[ElasticsearchServer]):
    """Elasticsearch that exists already."""

    settings = ElasticsearchServer

    def planned(self, at: StoreContext[ElasticsearchServer]) -> DocumentStore:
        """Where it is; its password is in a Secret."""
        chosen = at.chosen
        return DocumentStore(
            kind=DocumentStoreKind.ELASTICSEARCH,
            url=chosen.url,
            user=chosen.user,
            password=planned_key(at.name, "password", chosen, chosen.password),
            endpoint=endpoint(chosen.endpoint),
        )

    def identity(self, at: StoreContext[ElasticsearchServer]) -> Identity:
        """Another URL is another server."""
        return {"url": at.chosen.url}

    def make(self, at: StoreContext[ElasticsearchServer]) -> MadeStore:
        """A Secret with the password, where the stack file has it."""
        return MadeStore({**self.planned(at), "password": secret_key(at, "password", at.chosen.password)})


STORE = ElasticsearchStore()
