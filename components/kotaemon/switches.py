"""Flags among the application's environment variables. Imports no Pulumi: stack files are checked with it too.

The application reads its flags with `config(name, cast=bool)` of python-decouple 3.8 (its flowsettings.py).
"""

from collections.abc import Mapping

TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
FALSE = frozenset({"", "0", "f", "false", "n", "no", "off"})
GRAPH_SWITCHES = ("USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG")
"""Each switches one kind of graph index on (flowsettings.py, lines 357 to 368). Graph indexes are local files of one
writer: the profile `scaled` has none, and components/kotaemon/runtime/kh_settings.py switches them off there."""
SINGLE_SIGN_ON = "KH_SSO_ENABLED"
FLAGS = (
    *GRAPH_SWITCHES,
    SINGLE_SIGN_ON,
    "KH_FEATURE_CHAT_SUGGESTION",
    "KH_FEATURE_USER_MANAGEMENT",
    "USE_GLOBAL_GRAPHRAG",
    "USE_LOW_LLM_REQUESTS",
    "USE_MULTIMODAL",
)
"""The flags that a user may set. With another value than those of TRUE and FALSE the application does not start."""


def is_true(value: str) -> bool:
    """Whether the application reads a flag's value as true. In capitals or not, and without blanks around it."""
    return value.lower() in TRUE


def refused_flag(value: str) -> str:
    """Why the application does not start with this value of a flag; empty when it does."""
    if value.lower() in TRUE | FALSE:
        return ""
    allowed = f"{', '.join(sorted(TRUE))}, or {', '.join(sorted(FALSE - {''}))}"
    return f"{value!r} is no flag, and the application would not start; allowed: {allowed}"


def graphs_switched_on(env: Mapping[str, str]) -> list[str]:
    """The graph switches that an environment turns on."""
    return [name for name in GRAPH_SWITCHES if is_true(env.get(name, ""))]
