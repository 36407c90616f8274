"""The login in front of the application."""

import base64
import http.server
import subprocess
import sys
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.kotaemon.auth_proxy import cookie_secret, proxy_env
from components.kotaemon.environment import Secrets
from components.kotaemon.network import network_policy, service_spec
from components.kotaemon.pod import app_pod
from components.pod.spec import pod_spec
from guard.pod_security import restricted_violations
from tests.unit.components.kotaemon.runtime.stand_in import free_port
from tests.unit.components.kotaemon.samples import EXPOSURE, PROXY, manifest, scaled, single

SECRETS = Secrets("kotaemon-admin", auth_proxy="kotaemon-auth-proxy")
BEHIND = {"exposure": EXPOSURE, "auth_proxy": PROXY}


def env(**changes: Any) -> dict[str, Any]:
    variables = manifest(proxy_env({**PROXY, **changes}, "k.example.com", "kotaemon-auth-proxy"))
    return {v["name"].removeprefix("OAUTH2_PROXY_"): v.get("value", v.get("valueFrom")) for v in variables}


def test_settings() -> None:
    assert env() == {
        "PROVIDER": "oidc",
        "OIDC_ISSUER_URL": "https://login.example.com",
        "CLIENT_ID": "kotaemon",
        "EMAIL_DOMAINS": "example.com",
        "HTTP_ADDRESS": "0.0.0.0:4180",
        "UPSTREAMS": "http://127.0.0.1:7860",
        "UPSTREAM_TIMEOUT": "3600s",
        "REDIRECT_URL": "https://k.example.com/oauth2/callback",
        "REVERSE_PROXY": "true",
        "CODE_CHALLENGE_METHOD": "S256",
        "INSECURE_OIDC_SKIP_NONCE": "false",
        "COOKIE_SAMESITE": "lax",
        "SKIP_PROVIDER_BUTTON": "true",
        "CLIENT_SECRET": {"secretKeyRef": {"name": "kotaemon-auth-proxy", "key": "client-secret"}},
        "COOKIE_SECRET": {"secretKeyRef": {"name": "kotaemon-auth-proxy", "key": "cookie-secret"}},
    }


def test_groups() -> None:
    assert env(allowed_groups=["rag", "admins"])["ALLOWED_GROUPS"] == "rag,admins"


@given(st.text(min_size=1), st.text(min_size=1))
def test_cookie_key_is_32_bytes_and_follows_the_client_secret(one: str, other: str) -> None:
    assert len(base64.urlsafe_b64decode(cookie_secret(one))) == 32
    assert (cookie_secret(one) == cookie_secret(other)) == (one == other)


def test_it_is_a_sidecar_that_restricted_admits() -> None:
    for app in (single(**BEHIND), scaled(**BEHIND)):
        spec = manifest(pod_spec(app_pod(app, SECRETS, "r")))
        assert restricted_violations(spec) == []
        proxy = spec["initContainers"][-1]
        assert (proxy["name"], proxy["restartPolicy"]) == ("auth-proxy", "Always")
        assert proxy["securityContext"]["readOnlyRootFilesystem"] is True


def test_requests_come_in_through_it_alone() -> None:
    app = single(**BEHIND)
    assert manifest(service_spec(app))["ports"] == [{"name": "http", "port": 7860, "targetPort": 4180}]
    (rule,) = manifest(network_policy(app))["ingress"]
    assert rule["ports"] == [{"port": 4180, "protocol": "TCP"}]


def test_the_issuer_is_reached_where_the_rest_is_closed() -> None:
    issuer = {"cidr": "198.51.100.1/32", "port": 8443}
    app = single(exposure=EXPOSURE, auth_proxy={**PROXY, "issuer_endpoint": issuer}, model_endpoints=[])
    assert manifest(network_policy(app))["egress"][2:] == [
        {"to": [{"ipBlock": {"cidr": "198.51.100.1/32"}}], "ports": [{"port": 8443, "protocol": "TCP"}]}
    ]


def test_nobody_gets_around_it() -> None:
    container = manifest(pod_spec(app_pod(single(**BEHIND), SECRETS, "r")))["containers"][0]
    listens = {v["name"]: v.get("value") for v in container["env"]}["GRADIO_SERVER_NAME"]
    assert listens == "127.0.0.1"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert "httpGet" not in container[probe]


def test_the_probe_asks_the_application_itself() -> None:
    probe = manifest(pod_spec(app_pod(single(**BEHIND), SECRETS, "r")))["containers"][0]["livenessProbe"]
    _, *arguments = probe["exec"]["command"]

    class App(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/app_id" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    def ask(port: int, arguments: list[str]) -> int:
        moved = [argument.replace(":7860/", f":{port}/") for argument in arguments]
        return subprocess.run([sys.executable, *moved], capture_output=True).returncode

    with http.server.HTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert ask(server.server_port, arguments) == 0
        assert ask(server.server_port, [argument.replace("/app_id", "/healthz") for argument in arguments]) != 0
        server.shutdown()
    assert ask(free_port(), arguments) != 0
