"""A real server of S3 (versitygw, built from its Go module) over a folder, on loopback and with TLS."""

import hashlib
import hmac
import http.client
import json
import ssl
import subprocess
import urllib.parse
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.programs import build
from tests.unit import pod_user
from tests.unit.components.kotaemon.runtime.stand_in import eventually, free_port

REGION = "us-east-1"
OWNER, POD = "owner", "pod"
"""Account that may do everything, and account that may do what the policy of a bucket allows."""
VERSIONING = (
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status>'
    "</VersioningConfiguration>"
)


class Refused(AssertionError):
    """What the server does not do, in its own words."""


class S3Server:
    """One server; its buckets are folders below `buckets`, one file an object."""

    def __init__(self, root: Path) -> None:
        self._program, self.root, self.port = build.program("s3-server"), root, free_port()
        self.buckets, self.certificate = root / "buckets", root / "ca.crt"
        self.url = f"https://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        env = {"PATH": "/usr/bin:/bin"}
        for who, name in (("ROOT", OWNER), ("USER", POD)):
            env |= {f"{who}_ACCESS_KEY": name, f"{who}_SECRET_KEY": secret(name)}
        with (self.root / "server.out").open("ab") as output:
            command = [str(self._program), str(self.root), str(self.port)]
            self._process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        eventually(self._answers, "a server of S3 that answers", self.said)

    def said(self) -> str:
        """What it printed."""
        return (self.root / "server.out").read_text()

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def env(self, who: str) -> dict[str, str]:
        """An account's variables, as a Secret or a role of the cloud gives them to a pod; and whom to trust."""
        keys = {"AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": secret(who), "AWS_DEFAULT_REGION": REGION}
        return {**keys, "SSL_CERT_FILE": str(self.certificate)}

    def rclone(self, who: str) -> dict[str, str]:
        """Variables with which rclone knows the server as `s3:`."""
        remote = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": self.url, "ENV_AUTH": "true", "REGION": REGION}
        made = {f"RCLONE_CONFIG_S3_{name}": value for name, value in remote.items()}
        return {**self.env(who), **made, "RCLONE_CONFIG": ""}

    def bucket(self, name: str, policy: Mapping[str, Any]) -> None:
        """A bucket with versions, in which the policy says what the account of the pods may do."""
        self.ask("PUT", f"/{name}")
        self.ask("PUT", f"/{name}", "versioning", VERSIONING)
        self.ask("PUT", f"/{name}", "policy", json.dumps(policy))

    def ask(self, method: str, path: str, query: str = "", body: str = "", who: str = OWNER) -> str:
        """One request, signed by an account (AWS, "Create a signed AWS API request"). Raises Refused."""
        at = datetime.now(timezone.utc)
        stamp, scope = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}/{REGION}/s3/aws4_request"
        query = "&".join(part if "=" in part else f"{part}=" for part in query.split("&") if part)
        payload = hashlib.sha256(body.encode()).hexdigest()
        headers = {"host": f"127.0.0.1:{self.port}", "x-amz-content-sha256": payload, "x-amz-date": stamp}
        signed = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        wanted = "\n".join([method, urllib.parse.quote(path), query, lines, signed, payload])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(wanted.encode()).hexdigest()])
        key = f"AWS4{secret(who)}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        mark = hmac.digest(key, text.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={who}/{scope}, SignedHeaders={signed}, Signature={mark}"
        )
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        asking = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trusted)
        try:
            asking.request(method, f"{urllib.parse.quote(path)}?{query}", body or None, headers)
            answer = asking.getresponse()
            said = answer.read().decode()
        finally:
            asking.close()
        if answer.status >= 300:
            raise Refused(f"{method} {path}?{query}: {answer.status} {said}")
        return said

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        try:
            return "ListAllMyBucketsResult" in self.ask("GET", "/")
        except OSError:
            return False


def secret(who: str) -> str:
    """The secret key of an account."""
    return f"secret-of-{who}"


@contextmanager
def server() -> Generator[S3Server]:
    """A running server with no bucket."""
    with pod_user.folder("s3") as root:
        made = S3Server(root)
        try:
            made.start()
            yield made
        finally:
            made.kill()
