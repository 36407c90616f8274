"""Store kind `external`: an existing PostgreSQL server, anywhere."""

import hashlib
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from components.state.stores import DatabaseStore, PostgresDriver
from stacks.effects import KIND_ROW, Effects, names, pods
from stacks.kinds.base import Identity
from stacks.settings.fields import SECRET_TEXT
from stacks.settings.stores import DRIVER_HELP, Driver, FromSecret
from stacks.stores.base import MadeStore, Store, StoreContext
from stacks.stores.servers import endpoint, planned_key, secret_key

PORT = 5432
"""Where PostgreSQL listens when a URL does not say it."""
DATABASE_URL = "postgresql://<user>:<password>@<host>:5432/<database>"


class ExternalDatabase(FromSecret):
    """An existing PostgreSQL server, anywhere."""

    kind: Literal["external"]
    url: SecretStr | None = Field(None, description=f"{DATABASE_URL}; set it with `pulumi config set --secret`.")
    driver: Driver = Field("install", description=DRIVER_HELP)

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (reason := refused_url(value.get_secret_value())):
            raise ValueError(reason)  # without the URL: it holds a password
        return value

    @model_validator(mode="after")
    def _source(self) -> "ExternalDatabase":
        self.one_source("url", self.url, "the application needs it to connect")
        return self


def refused_url(url: str) -> str:
    """Why a database URL is not allowed; empty when it is allowed.

    A value that is still encrypted cannot be checked.
    """
    if url == SECRET_TEXT:
        return ""
    if "://" not in url:
        return f"has no scheme; it must be like {DATABASE_URL}"
    if not url.startswith("postgresql://"):
        return f"must start with postgresql://, like {DATABASE_URL}"
    try:
        whole = urlsplit(url).hostname
    except ValueError:
        whole = None
    return "" if whole else f"has no host; it must be like {DATABASE_URL}"


_TOLD = "the URL names the server and the database"
_SAY = "if it is the same database, say so with the printed lines"


class ExternalStore(Store[ExternalDatabase]):
    """Kind external: an existing PostgreSQL server."""

    settings = ExternalDatabase
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "url": names(f"{_TOLD}. Another user or password is taken in place", _SAY),
        **dict.fromkeys(("secret_name", "secret_key"), names(f"{_TOLD}, and only the cluster knows it", _SAY)),
        "endpoint": names("the address names the server; the URL itself is secret"),
        "driver": pods(),
    }

    def planned(self, at: StoreContext[ExternalDatabase]) -> DatabaseStore:
        """The endpoint of the server, and the Secret with its URL."""
        chosen = at.chosen
        return DatabaseStore(
            url=planned_key(at.name, "url", chosen, chosen.url),
            endpoint=endpoint(chosen.endpoint),
            driver=PostgresDriver(chosen.driver),
        )

    def identity(self, at: StoreContext[ExternalDatabase]) -> Identity:
        """The endpoint is the identity: the URL itself is secret."""
        chosen = at.chosen.endpoint
        return {"kind": "external", "where": chosen.cidr or chosen.namespace or "", "port": str(chosen.port)}

    def known_id(self, at: StoreContext[ExternalDatabase]) -> str:
        """What says which database it is: host and name in the URL, as a digest, or the Secret that has the URL.

        What is in a Secret is not known, so the endpoint counts as well. Empty: the URL is encrypted. An earlier
        release remembered no id, so then the endpoint alone is compared.
        """
        chosen = at.chosen
        if chosen.url is None:
            place = self.identity(at)
            return f"secret {chosen.secret_name}/{chosen.secret_key} of {place['where']}:{place['port']}"
        url = chosen.url.get_secret_value()
        if url == SECRET_TEXT:
            return ""
        parts = urlsplit(url)
        named = f"{(parts.hostname or '').lower()}:{parts.port or PORT}{parts.path}"
        return f"url {hashlib.sha256(named.encode()).hexdigest()[:12]}"

    def make(self, at: StoreContext[ExternalDatabase]) -> MadeStore:
        """Register a Secret with the URL, when the stack file has the URL."""
        return MadeStore({**self.planned(at), "url": secret_key(at, "url", at.chosen.url)})


STORE = ExternalStore()
