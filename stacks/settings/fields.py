"""Types of single values in the stack file. Each has a message that says what is allowed."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic.alias_generators import to_camel

SECRET_TEXT = "[secret]"  # noqa: S105 shown in place of a secret, and the value of one that is still encrypted


class Strict(BaseModel):
    """Base of all settings. Keys are camelCase in the stack file, and an unknown key is an error."""

    # Built when it is used: of a stack file only the whole is, and building each part takes as long as checking a file.
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True
    )
    renamed: ClassVar[Mapping[str, str]] = {}
    """Key of an earlier release -> the line to write instead. `{}` in that line is replaced by the given value."""


def matching(pattern: str, allowed: str) -> AfterValidator:
    """A check by a pattern, whose message is `allowed`: the JSON Schema has the pattern itself."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(allowed)
        return value

    return AfterValidator(check)


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


_QUANTITY = r"^[1-9][0-9]*(Gi|Ti)$"
_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$"
_HOST = r"^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$"
_PATH = r"^(?!.*/\.\.?(/|$))/[^:\s]*$"
_FOLDER = r"^(?!.*(^|/)\.\.?(/|$))[^/\s][^:\s]*$"
_IMAGE = r"^[a-z0-9][^\s@]*(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$"
_CPU = r"^([1-9][0-9]*m|[1-9][0-9]*(\.[0-9]+)?|0\.[0-9]+)$"
_MEMORY = r"^[1-9][0-9]*(Mi|Gi)$"


def _with_unit(value: object, info: ValidationInfo) -> object:
    """Refuse a size without a unit, and say what to write. Earlier releases took GiB of databases as numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"has no unit; write {to_camel(info.field_name or 'size')}: {value}Gi")
    return value


Size = Annotated[
    str,
    BeforeValidator(_with_unit),
    matching(_QUANTITY, "must be a whole number of Gi or Ti, for example 100Gi"),
    _schema(_QUANTITY),
]
DnsLabel = Annotated[
    str,
    matching(_LABEL, "must be lower-case letters, digits and '-', at most 63, for example kotaemon"),
    _schema(_LABEL),
]
ObjectName = Annotated[
    str,
    matching(_SUBDOMAIN, "must be the name of a Kubernetes object: lower-case letters, digits, '-' and '.'"),
    _schema(_SUBDOMAIN),
]
HostName = Annotated[str, matching(_HOST, "must be a host name, without scheme, port or path"), _schema(_HOST)]
ExportPath = Annotated[
    str,
    matching(
        _PATH, "must be an absolute path without spaces, colons and the parts . and .., for example /srv/nfs/kotaemon"
    ),
    _schema(_PATH),
]
SubPath = Annotated[
    str,
    matching(_FOLDER, "must be a relative folder without '..', for example models"),
    _schema(_FOLDER),
]
Cpu = Annotated[str, matching(_CPU, "must be a number of CPUs, for example 500m or 2"), _schema(_CPU)]
Memory = Annotated[
    str,
    matching(_MEMORY, "must be a whole number of Mi or Gi, for example 4Gi"),
    _schema(_MEMORY),
]


_URL = r"^https?://[^\s/@]+(/\S*)?$"
Url = Annotated[
    str,
    matching(
        _URL,
        "must be an address that begins with http:// or https://, like https://login.example.com, without a password",
    ),
    _schema(_URL),
]


def _pinned(value: str) -> str:
    if not re.fullmatch(_IMAGE, value):
        raise ValueError("must name a version tag or a digest, for example ghcr.io/cinnamon/kotaemon:0.11.3-lite")
    if value.rsplit(":", 1)[-1].startswith(("main", "latest")):
        raise ValueError(
            "must be pinned by a version tag or a digest, because main-* and latest-* name changing images"
        )
    return value


PinnedImage = Annotated[str, AfterValidator(_pinned), _schema(_IMAGE)]


def _server(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not re.fullmatch(_HOST, value):
            raise ValueError(
                "must be a host name or an IP address, without path and port; the path has its own key, and an IPv6 "
                "address has no brackets"
            ) from None
    return value


Server = Annotated[str, AfterValidator(_server)]


def _cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value)
        whole = "/" in value  # Kubernetes takes no address without a length
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"must be a network in CIDR notation, for example {_network_of(value)}")
    return value


def _network_of(value: str) -> str:
    """The network that an address with a length is in, so that the message names it."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return "10.0.0.0/16"


def _cidr_of_database(value: str) -> str:
    if ":" in _cidr(value):
        raise ValueError(
            "must be an IPv4 network: the database is made with IPv4 addresses, so a rule for IPv6 would let no pod "
            "reach it; give the IPv4 networks of its subnets"
        )
    return value


Cidr = Annotated[str, AfterValidator(_cidr)]
DatabaseCidr = Annotated[str, AfterValidator(_cidr_of_database)]
"""Network of a database that the stack makes. RDS and ApsaraDB give it IPv4 addresses unless they are asked for both
(RDS CreateDBInstance, NetworkType: IPV4 is the default)."""


def accept(reason: str) -> None:
    """Raise ValueError with the reason of a refusal, unless it is empty. For validators that call a pure function."""
    if reason:
        raise ValueError(reason)
