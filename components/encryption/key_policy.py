"""Which statements the policy of an existing key lacks, as a pure rule over the policy document.

A policy that leaves the key to IAM, as KMS's default policy does, lacks nothing: then the policies of the roles decide.
What cannot be judged, a condition with other keys, counts as not allowed; a statement that is printed and was there in
other words does no harm.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

_FAMILIES = {
    "kms:ReEncrypt*": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
    "kms:GenerateDataKey*": ("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
}
"""Pattern in a statement that storage needs -> actions of it that storage calls."""
_EQUALS = ("StringEquals", "StringLike", "Bool")
"""Condition operators that are judged: the value is one of those listed. Everything else counts as not met."""

Statement = Mapping[str, Any]


def lacking(policy: Mapping[str, Any], account: str, volumes_via: str, needed: Iterable[Statement]) -> list[Statement]:
    """The statements of `needed` of which the policy does not allow every action to every principal.

    `account`: that of the stack, and of the key. `volumes_via`: host name of EC2, through which roles use the key.
    """
    return [one for one in needed if not _covered(_listed(policy.get("Statement", ())), account, volumes_via, one)]


def _covered(statements: Sequence[Statement], account: str, volumes_via: str, needed: Statement) -> bool:
    principals = _listed(needed["Principal"]["AWS"])
    asked = {key: _texts(values) for by in needed.get("Condition", {}).values() for key, values in by.items()}
    # What a request of a role, or through a service, says about itself.
    context = {"kms:CallerAccount": [account], "kms:ViaService": [volumes_via], **asked}
    return all(
        _allowed(statements, account, principal, action, context)
        for principal in principals
        for pattern in _listed(needed["Action"])
        for action in _FAMILIES.get(pattern, (pattern,))
    )


def _allowed(
    statements: Sequence[Statement], account: str, principal: str, action: str, context: Mapping[str, Sequence[str]]
) -> bool:
    about = [one for one in statements if _names(one, account, principal) and _acts(one, action)]
    # A Deny with a condition is not judged: it is about calls from elsewhere more often than about these.
    if any(one["Effect"] == "Deny" and not one.get("Condition") for one in about):
        return False
    return any(one["Effect"] == "Allow" and _met(one.get("Condition", {}), context) for one in about)


def _names(statement: Statement, account: str, principal: str) -> bool:
    said = statement.get("Principal", {})
    named = _listed(said) if isinstance(said, str) else _listed(said.get("AWS", ()))
    whole_account = any(one == account or one.endswith(f"::{account}:root") for one in named)
    return "*" in named or principal in named or whole_account


def _acts(statement: Statement, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement.get("Action", ())))


def _met(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, Sequence[str]]) -> bool:
    return all(
        operator.removesuffix("IfExists") in _EQUALS
        and key in context
        and all(any(fnmatchcase(value, pattern) for pattern in _texts(values)) for value in context[key])
        for operator, by in condition.items()
        for key, values in by.items()
    )


def _texts(values: Any) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(values)]


def _listed(found: Any) -> list[Any]:
    return [found] if isinstance(found, str | bool | Mapping) else list(found)
