"""Reads what a stack has to know of its cluster: once, before anything is registered, and nothing but the asked.

A cluster that cannot be asked is no mistake: what it would have said stays unknown, and the reason is said. Only the
right to `get` the StorageClasses that the stack file names is used.
"""

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stacks.classes import NOT_ASKED, ClusterFacts, FoundClass
from stacks.settings.cluster import Cluster

SECONDS = 20
"""The longest wait for all answers together. A plug-in of the kubeconfig that fetches a token is included."""
REQUEST_SECONDS = 5


def read(cluster: Cluster, classes: Iterable[str]) -> ClusterFacts:
    """The facts of the cluster in the section `kotaemon:cluster`. `classes`: names of StorageClasses.

    Without a kubeconfig in the stack file the cluster is not asked: the user's current context is never used.
    """
    names = sorted(set(classes))
    if not names:
        return NOT_ASKED
    if cluster.kubeconfig is None or cluster.context is None:
        return ClusterFacts(unread="kotaemon:cluster names no kubeconfig, so the cluster was not asked")
    answers: list[ClusterFacts] = []
    # In a thread of its own, since a plug-in that waits for a password has no time limit.
    asking = threading.Thread(target=lambda: answers.append(_ask(cluster, names)), daemon=True)
    asking.start()
    asking.join(SECONDS)
    return answers[0] if answers else ClusterFacts(unread=f"the cluster did not answer within {SECONDS} s")


def _ask(cluster: Cluster, names: list[str]) -> ClusterFacts:
    # Imported here: only a run that asks pays for the client, which takes a second.
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError
    from yaml import YAMLError

    found: dict[str, FoundClass | None] = {}
    unread = ""
    try:
        client = _client(str(cluster.kubeconfig_path), cluster.context)
        for name in names:
            try:
                found[name] = _class(client, name)
            except ApiException as error:
                if error.status == 404:
                    found[name] = None
                else:
                    unread = f"the API server answered {error.status} {error.reason} for StorageClass {name}"
    except (ConfigException, HTTPError, YAMLError, OSError, ValueError, TypeError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        return ClusterFacts(found, f"the cluster could not be asked ({why or type(error).__name__})")
    return ClusterFacts(found, unread)


def _client(kubeconfig: str, context: str | None) -> Any:
    """A client of the stack's own context, and of no other."""
    from kubernetes import client, config

    if not Path(kubeconfig).is_file():
        raise FileNotFoundError(f"there is no kubeconfig {kubeconfig}")
    settings = client.Configuration()
    config.load_kube_config(kubeconfig, context, client_configuration=settings, persist_config=False)
    if urlsplit(settings.host).hostname in ("127.0.0.1", "localhost", "::1"):
        settings.proxy = None  # a proxy of the environment cannot reach this machine's loopback
    settings.retries = False
    return client.ApiClient(settings)


def _class(client: Any, name: str) -> FoundClass:
    from kubernetes.client import StorageV1Api

    # As it came: the client's model would refuse what a later Kubernetes adds.
    answer: Any = StorageV1Api(client).read_storage_class(
        name, _preload_content=False, _request_timeout=REQUEST_SECONDS
    )
    body: dict[str, Any] = json.loads(answer.data)
    options = tuple(body.get("mountOptions") or ())
    return FoundClass(body["provisioner"], body.get("parameters") or {}, options)
