"""oauth2-proxy in the application's pod: a login at an OpenID Connect issuer before any request."""

import base64
import hashlib
import hmac

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    HTTPGetActionArgs,
    ProbeArgs,
)

from ..pod.spec import resources
from ..pod.variables import plain, secret_variable
from .args import AuthProxy
from .exposure import ANSWER_SECONDS
from .names import LOOPBACK, PORT, PROXY_PORT

IMAGE = "quay.io/oauth2-proxy/oauth2-proxy:v7.15.6"
CLIENT_KEY, COOKIE_KEY = "client-secret", "cookie-secret"


def proxy_secrets(client_secret: Input[str]) -> dict[str, Input[str]]:
    """Data of the proxy's Secret: key -> value."""
    return {CLIENT_KEY: client_secret, COOKIE_KEY: Output.from_input(client_secret).apply(cookie_secret)}


def cookie_secret(client_secret: str) -> str:
    """Key of the session cookies: 32 bytes, the same in every pod and every run, so there is no value to keep."""
    derived = hmac.new(client_secret.encode(), b"kotaemon session cookie", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(derived).decode()


def proxy_container(proxy: AuthProxy, hostname: Input[str], secret_name: Input[str]) -> ContainerArgs:
    """A sidecar: it starts before the application and ends after it, so that open answers are finished."""
    return ContainerArgs(
        name="auth-proxy",
        image=proxy.get("image", IMAGE),
        restart_policy="Always",
        env=proxy_env(proxy, hostname, secret_name),
        ports=[ContainerPortArgs(name="auth", container_port=PROXY_PORT)],
        resources=resources("20m", "64Mi", "128Mi"),
        readiness_probe=ProbeArgs(http_get=HTTPGetActionArgs(path="/ready", port=PROXY_PORT), period_seconds=10),
    )


def proxy_env(proxy: AuthProxy, hostname: Input[str], secret_name: Input[str]) -> list[EnvVarArgs]:
    """Settings of oauth2-proxy, as variables (https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview)."""
    settings: dict[str, Input[str]] = {
        "PROVIDER": "oidc",
        "OIDC_ISSUER_URL": proxy["issuer_url"],
        "CLIENT_ID": proxy["client_id"],
        "EMAIL_DOMAINS": ",".join(proxy["email_domains"]),
        "HTTP_ADDRESS": f"0.0.0.0:{PROXY_PORT}",
        "UPSTREAMS": f"http://{LOOPBACK}:{PORT}",
        "UPSTREAM_TIMEOUT": f"{ANSWER_SECONDS}s",  # the default of 30 s is shorter than many answers take to begin
        "REDIRECT_URL": _callback(hostname),
        "REVERSE_PROXY": "true",  # the NetworkPolicy lets nobody but the ingress send it forwarded headers
        "CODE_CHALLENGE_METHOD": "S256",
        "INSECURE_OIDC_SKIP_NONCE": "false",
        "COOKIE_SAMESITE": "lax",
        "SKIP_PROVIDER_BUTTON": "true",
    }
    if "allowed_groups" in proxy:
        settings["ALLOWED_GROUPS"] = ",".join(proxy["allowed_groups"])
    prefix = "OAUTH2_PROXY_"
    return [
        *plain({f"{prefix}{name}": value for name, value in settings.items()}),
        secret_variable(f"{prefix}CLIENT_SECRET", {"secret_name": secret_name, "key": CLIENT_KEY}),
        secret_variable(f"{prefix}COOKIE_SECRET", {"secret_name": secret_name, "key": COOKIE_KEY}),
    ]


def _callback(hostname: Input[str]) -> Input[str]:
    url = "https://{}/oauth2/callback"
    return url.format(hostname) if isinstance(hostname, str) else Output.format(url, hostname)
