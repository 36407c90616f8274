"""One call to the API server, with the pod's own token and Python's own HTTP client."""

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ATTEMPTS, SECONDS = 6, 10
"""A server that restarts is asked again; each question has so many seconds."""


def call(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The answer; a PATCH is a merge patch. Raises urllib.error.HTTPError, and OSError when nobody answers."""
    account = Path(os.environ.get("KS_ACCOUNT", str(ACCOUNT)))
    server = os.environ.get("KS_API", "https://kubernetes.default.svc")
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Content-Type": kind, "Accept": "application/json"}
    # The kubelet renews the token: it is read each time.
    headers["Authorization"] = f"Bearer {(account / 'token').read_text().strip()}"
    data = None if body is None else json.dumps(body).encode()
    trust = ssl.create_default_context(cafile=str(account / "ca.crt")) if server.startswith("https") else None
    request = urllib.request.Request(f"{server}{path}", data, headers, method=method)  # noqa: S310 our own server
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(request, timeout=SECONDS, context=trust) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS - 1:
                raise
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
        time.sleep(2**attempt)
    raise AssertionError("unreachable")
