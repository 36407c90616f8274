"""The model of a stack file: Settings, extended by the kinds, stores and platforms that the file names.

Every kind, store and platform is a module of its own. Importing all of them takes longer than checking one stack
file, so the model is made of those that the file names. `whole_model` has all of them, for the schema and for
messages about a file with mistakes.
"""

from collections.abc import Iterable, Mapping
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, create_model

from stacks import kinds, platforms, stores
from stacks.settings.fields import DnsLabel, Strict
from stacks.settings.settings import Settings
from stacks.settings.storage import Storage
from stacks.settings.stores import Stores


def model_of(values: Mapping[str, Any]) -> type[Settings] | None:
    """The model with only the kinds, stores and platforms named in `values`.

    None when one of those names is unknown.
    """
    claims = _named(_at(values, "storage", "claims"))
    found = {place: _names(_at(values, "stores", key)) for place, key in stores.KEYS.items()}
    platform = values.get("platform")
    if not claims or not set(claims) <= set(kinds.NAMES) or platform not in platforms.NAMES:
        return None
    if any(not set(names) <= set(stores.NAMES[place]) for place, names in found.items()):
        return None
    sections = [name for name in platforms.NAMES if name == platform or name in values]
    return _model(
        tuple(sorted(set(claims))), tuple((place, tuple(names)) for place, names in found.items()), tuple(sections)
    )


@cache
def whole_model() -> type[Settings]:
    """The model with every kind, store and platform."""
    return _model(kinds.NAMES, tuple((place, stores.NAMES[place]) for place in stores.KEYS), platforms.NAMES)


@cache
def _model(
    claims: tuple[str, ...], wanted: tuple[tuple[str, tuple[str, ...]], ...], sections: tuple[str, ...]
) -> type[Settings]:
    claim = _union(kinds.kind(name).settings for name in claims)
    storage = _extended(
        Storage, claims=(dict[DnsLabel, claim], Field(min_length=1, description=_description(Storage, "claims")))
    )
    fields: dict[str, Any] = {"storage": (storage, Field(description=_description(Settings, "storage")))}
    of_stores = {
        stores.FIELDS[place]: (
            _union(stores.store(place, name).settings for name in names) | None,
            Field(None, description=_description(Stores, stores.FIELDS[place])),
        )
        for place, names in wanted
        if names
    }
    section_of_stores = _extended(Stores, **of_stores) | None
    fields["stores"] = (section_of_stores, Field(None, description=_description(Settings, "stores")))
    for name in sections:
        if section := platforms.platform(name).section:
            text = f"Section of platform {name}: {platforms.platform(name).about}."
            fields[name] = (section | None, Field(None, description=text))
    return _extended(Settings, **fields)


def _extended(model: type[Strict], **fields: Any) -> Any:
    made = create_model(model.__name__, __base__=model, __module__=model.__module__, **fields)
    made.__doc__ = model.__doc__
    return made


def _union(models: Iterable[Any]) -> Any:
    found = list(models)
    if len(found) == 1:
        return found[0]  # pydantic requires two members for a discriminator; this is the only kind that can occur
    return Annotated[reduce(or_, found), Field(discriminator="kind")]


def _description(model: type[Strict], field: str) -> str | None:
    return model.model_fields[field].description


def _at(values: Any, *keys: str) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _names(section: Any) -> list[Any]:
    """The kind of one store, as a list that is empty without a store."""
    return [] if section is None else [_at(section, "kind")]


def _named(claims: Any) -> list[Any]:
    return [_at(claim, "kind") for claim in claims.values()] if isinstance(claims, Mapping) else []
