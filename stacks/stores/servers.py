"""What existing stores share: their endpoint, and the Secret with their password, key or URL."""

import pulumi_kubernetes as k8s
from pulumi import Output
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pydantic import SecretStr

from components.pod.args import Endpoint, SecretKey
from components.pod.names import application_labels
from components.pod.secret import secret_data
from components.protection.names import labels as backup_labels
from stacks.effects import in_place
from stacks.names import NAMESPACE, claim_name
from stacks.settings.settings import Settings
from stacks.settings.stores import FromSecret, StoreEndpoint
from stacks.stores.base import StoreContext

CLIENTS = application_labels(NAMESPACE)
"""Labels of the application's pods."""


def backup_clients(settings: Settings) -> list[dict[str, str]]:
    """Labels of the pods of `kotaemon:backup`, which dump the stores of the profile scaled. None: there are none."""
    if settings.backup is None or settings.backup.to is None:
        return []
    return [backup_labels(claim_name("backup"))]


SECRET = in_place("components/pod/secret.py: a Secret, and a rolled Deployment", "the server is the same")
"""Row of a password, of a key, and of the Secret that has it."""
ENDPOINT = in_place("components/pod/network.py: a NetworkPolicy", "where the pods may connect to")
"""Row of the network place of a server that another field names."""


def endpoint(chosen: StoreEndpoint) -> Endpoint:
    """The endpoint of a store, as the argument `endpoint` of its component."""
    if chosen.cidr is not None:
        return Endpoint(cidr=chosen.cidr, port=chosen.port)
    found = Endpoint(namespace=chosen.namespace or "", port=chosen.port)
    if chosen.pod_labels is not None:
        found["pod_labels"] = chosen.pod_labels
    return found


def planned_key(store: str, key: str, chosen: FromSecret, given: SecretStr | None) -> SecretKey:
    """The key of the Secret that `secret_key` will return."""
    if given is None:
        return SecretKey(secret_name=chosen.secret_name or "", key=chosen.secret_key or "")
    return SecretKey(secret_name=claim_name(f"{store}-{key}"), key=key)


def secret_key(at: StoreContext[FromSecret], key: str, given: SecretStr | None) -> SecretKey:
    """The key of the existing Secret, or of a Secret that is made with the value of the stack file."""
    planned = planned_key(at.name, key, at.chosen, given)
    if given is None:
        return planned
    name = claim_name(f"{at.name}-{key}")
    secret = k8s.core.v1.Secret(
        name,
        metadata=ObjectMetaArgs(name=name, namespace=at.namespace, labels=CLIENTS),
        type="Opaque",
        data=secret_data({key: Output.secret(given.get_secret_value())}),
        opts=at.kubernetes,
    )
    return SecretKey(secret_name=secret.metadata.apply(lambda metadata: metadata.name or ""), key=key)
