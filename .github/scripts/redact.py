"""Takes out of an output what a log or a comment must not show."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policy.secret_words import SECRET_VALUES

_MORE = (
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"(?<=arn:aws:)([a-z0-9-]*:[a-z0-9-]*:)\d{12}(?=:)"), r"\1<account>"),
    (re.compile(r"(?<=acs:)([a-z0-9-]*:[a-z0-9-]*:)\d{16}(?=:)"), r"\1<account>"),
    # Certificates and keys of a kubeconfig, in base64.
    (re.compile(r"\b[A-Za-z0-9+/]{160,}={0,2}"), "<long value>"),
)


def redact(text: str) -> str:
    """The text with secrets, e-mail addresses and account numbers replaced. Pulumi has hidden its own secrets."""
    for pattern, what in SECRET_VALUES:
        text = pattern.sub(f"<{what}>", text)
    for pattern, replacement in _MORE:
        text = pattern.sub(replacement, text)
    return text
