"""Reads what a stack has to know of its cluster: once, before anything is registered, and nothing but the asked.

A cluster that cannot be asked is no mistake: what it would have said stays unknown, and the reason is said. Rights that
are used: `get` on the StorageClasses that the stack file names, on the CSI drivers of its claims, on its namespace and
its claims on disks, `list` on the namespace's quotas and limit ranges, and for EFS `get` on the driver's DaemonSet. The
version is open to every user. StorageProfiles are asked for only about unknown drivers.
"""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from guard.classes import facts_of
from guard.drivers import DRIVERS
from guard.namespace import GROUP_ANNOTATION, LEVEL_LABEL, UID_ANNOTATION, Namespace, PriorityScope, Quota
from stacks.cluster_facts import ClusterFacts, FoundClass, Wanted
from stacks.mesh import AMBIENT, ISTIO, LINKERD
from stacks.settings.cluster import Cluster

SECONDS = 20
"""The longest wait for all answers together. A plug-in of the kubeconfig that fetches a token is included."""
REQUEST_SECONDS = 5
NAMESPACES = "/api/v1/namespaces"
NODE_PARTS = {"efs.csi.aws.com": ("efs-csi-node", "efs-plugin")}
"""CSI driver -> the DaemonSet of its nodes in kube-system and the container whose image has its version (add-on and
chart of aws-efs-csi-driver)."""
SEVERAL, SEVERAL_KIND = "/apis/quota.openshift.io/v1/namespaces", "appliedclusterresourcequotas"
"""https://docs.redhat.com/en/documentation/openshift_container_platform/4.20/html/schedule_and_quota_apis/"""
PROFILES = "/apis/cdi.kubevirt.io/v1beta1/storageprofiles"
"""One StorageProfile for each class, of its name (https://kubevirt.io/user-guide/storage/containerized_data_importer/)."""


def read(cluster: Cluster, wanted: Wanted) -> ClusterFacts:
    """The facts of the cluster in the section `kotaemon:cluster`.

    Without a kubeconfig in the stack file the cluster is not asked: the user's current context is never used.
    """
    if cluster.kubeconfig is None or cluster.context is None:
        return _nothing("kotaemon:cluster names no kubeconfig, so the cluster was not asked")
    answers: list[ClusterFacts] = []
    # In a thread of its own, since a plug-in that waits for a password has no time limit.
    asking = threading.Thread(target=lambda: answers.append(_ask(cluster, wanted)), daemon=True)
    asking.start()
    asking.join(SECONDS)
    return answers[0] if answers else _nothing(f"the cluster did not answer within {SECONDS} s")


def _nothing(why: str) -> ClusterFacts:
    return ClusterFacts(unread=why, gaps=(f"its version, and what its namespace admits: {why}",))


def _ask(cluster: Cluster, wanted: Wanted) -> ClusterFacts:
    # Imported here: only a run that asks pays for the client, which takes 0.2 s.
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError
    from yaml import YAMLError

    try:
        asked = _Questions(client_of(str(cluster.kubeconfig_path), cluster.context))
        version = asked.version()
        classes = {name: found for name in wanted.classes if (found := asked.storage_class(name)) is not _UNREAD}
        drivers = {name: found for name in wanted.drivers if (found := asked.driver(name)) is not _UNREAD}
        namespace = asked.namespace(wanted.namespace) if wanted.namespace else _UNREAD
        # Without the namespace there are no claims.
        claims = wanted.claims if namespace is not None else ()
        bound = {name: found for name in claims if (found := asked.bound(wanted.namespace, name)) is not None}
    except (ApiException, ConfigException, HTTPError, YAMLError, OSError, ValueError, TypeError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        return _nothing(f"the cluster could not be asked ({why or type(error).__name__})")
    return ClusterFacts(
        classes=classes,
        unread=asked.unread,
        version=version,
        namespace=None if namespace is _UNREAD else namespace,
        namespace_missing=namespace is None,
        bound=bound,
        drivers=drivers,
        gaps=tuple(asked.gaps),
    )


def client_of(kubeconfig: str, context: str | None) -> Any:
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


_UNREAD: Any = object()
"""Stands for an answer that the API server refused to give."""


class _Questions:
    """Asks an API server, and keeps in words what it did not answer."""

    unread: str
    """Why a StorageClass was not read; empty: all were."""
    gaps: list[str]
    """What else was not answered."""

    def __init__(self, client: Any) -> None:
        self._client, self.unread, self.gaps = client, "", []

    def version(self) -> str:
        """The version of the server; empty: it does not say."""
        answer = self._answer("its version", "/version/")
        return "" if answer in (None, _UNREAD) else str(answer.get("gitVersion", ""))

    def storage_class(self, name: str) -> FoundClass | None:
        """A StorageClass. None: the cluster has none of this name; _UNREAD: the server does not say."""
        gaps = len(self.gaps)
        body = self._answer(f"StorageClass {name}", "/apis/storage.k8s.io/v1/storageclasses", name)
        if body is _UNREAD:
            self.unread = self.gaps.pop() if len(self.gaps) > gaps else self.unread
            return _UNREAD
        if body is None:
            return None
        parameters = body.get("parameters") or {}
        known = facts_of(name, body["provisioner"], DRIVERS, parameters).known
        options = tuple(body.get("mountOptions") or ())
        return FoundClass(
            body["provisioner"],
            parameters,
            options,
            expands=body.get("allowVolumeExpansion") is True,
            at_once=body.get("volumeBindingMode") != "WaitForFirstConsumer",
            profile=() if known else self._profile(name),
        )

    def driver(self, name: str) -> str | None:
        """Version of a CSI driver, empty: it is not known. None: the cluster has none; _UNREAD: it does not say."""
        body = self._answer(f"CSIDriver {name}", "/apis/storage.k8s.io/v1/csidrivers", name)
        if body is None or body is _UNREAD:
            return body
        if name not in NODE_PARTS:
            return ""
        daemons, container = NODE_PARTS[name]
        found = self._answer(f"DaemonSet {daemons}", "/apis/apps/v1/namespaces/kube-system/daemonsets", daemons)
        if found is None or found is _UNREAD:
            return ""
        images = {one["name"]: one["image"] for one in found["spec"]["template"]["spec"]["containers"]}
        return images.get(container, "").partition("@")[0].rpartition(":")[2]

    def _profile(self, name: str) -> tuple[str, ...]:
        body = self._answer(f"StorageProfile {name}", PROFILES, name)
        sets = [] if body in (None, _UNREAD) else (body.get("status") or {}).get("claimPropertySets") or []
        modes = [mode for one in sets if one.get("volumeMode") != "Block" for mode in one.get("accessModes") or ()]
        return tuple(dict.fromkeys(modes))

    def namespace(self, name: str) -> Namespace | None:
        """What the namespace admits, as far as it can be read. None: it is not there."""
        body = self._answer(f"the namespace {name}", NAMESPACES, name)
        if body is None:
            return None
        about = {} if body is _UNREAD else body.get("metadata") or {}
        labels, notes = about.get("labels") or {}, about.get("annotations") or {}
        quotas = self._list(f"quotas of the namespace {name}", name, "resourcequotas")
        several: list[Any] = []
        if UID_ANNOTATION in notes:  # OpenShift has quotas over several namespaces
            several = self._items(f"quotas over several namespaces, for {name}", SEVERAL, name, SEVERAL_KIND)
        ranges = self._list(f"limit ranges of the namespace {name}", name, "limitranges")
        return Namespace(
            name=name,
            level=labels.get(LEVEL_LABEL, ""),
            quotas=(*map(_quota, quotas), *map(_quota_of_several, several)),
            limits=tuple(entry for one in ranges for entry in one["spec"].get("limits") or ()),
            uids=notes.get(UID_ANNOTATION, ""),
            groups=notes.get(GROUP_ANNOTATION, ""),
            ending="deletionTimestamp" in about,
            mesh=_mesh(labels, notes),
        )

    def bound(self, namespace: str, name: str) -> bool | None:
        """Whether a claim has a volume. None: it is not there, or the server does not say."""
        what = f"PersistentVolumeClaim {namespace}/{name}"
        body = self._answer(what, NAMESPACES, namespace, "persistentvolumeclaims", name)
        return None if body in (None, _UNREAD) else (body.get("status") or {}).get("phase") == "Bound"

    def _list(self, what: str, *names: str) -> list[Any]:
        return self._items(what, NAMESPACES, *names)

    def _items(self, what: str, *path: str) -> list[Any]:
        body = self._answer(what, *path)
        return [] if body in (None, _UNREAD) else list(body.get("items") or ())

    def _answer(self, what: str, *path: str) -> Any:
        """The body of an answer; None for 404. Another refusal is kept in `gaps`.

        Asked by path, since the client's classes for a group import the models of all its objects: 0.4 s.
        """
        method, url, headers, *_ = self._client.param_serialize("GET", "/".join(path), auth_settings=["BearerToken"])
        answer: Any = self._client.call_api(method, url, headers, _request_timeout=REQUEST_SECONDS)
        body = answer.read()
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if not answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self.gaps.append(f"the API server answered {answer.status} {answer.reason} for {what}")
            return _UNREAD
        return json.loads(body)


def _quota(body: Any) -> Quota:
    return _quota_of(body["metadata"]["name"], body["spec"], (body.get("status") or {}).get("used") or {})


def _quota_of_several(body: Any) -> Quota:
    """OpenShift's AppliedClusterResourceQuota, with what all of its namespaces use together."""
    total = (body.get("status") or {}).get("total") or {}
    name = f"{body['metadata']['name']} (over several namespaces)"
    return _quota_of(name, body["spec"].get("quota") or {}, total.get("used") or {})


def _quota_of(name: str, spec: Any, used: Any) -> Quota:
    selected = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    by_priority = [one for one in selected if one.get("scopeName") == "PriorityClass"]
    # As a plain scope it counts the pods that name any class.
    scopes = [*(spec.get("scopes") or ()), *(str(one.get("scopeName")) for one in selected if one not in by_priority)]
    priorities = [PriorityScope(str(one.get("operator")), tuple(one.get("values") or ())) for one in by_priority]
    priorities += [PriorityScope("Exists")] * scopes.count("PriorityClass")
    left = tuple(scope for scope in scopes if scope != "PriorityClass")
    return Quota(name, spec.get("hard") or {}, used, left, tuple(priorities))


def _mesh(labels: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """The service mesh that puts its proxy into the pods of a namespace with these labels and annotations."""
    if labels.get("istio-injection") == "enabled" or labels.get("istio.io/rev"):
        return ISTIO
    if labels.get("istio.io/dataplane-mode") == "ambient":
        return AMBIENT
    return LINKERD if notes.get("linkerd.io/inject") in ("enabled", "ingress") else ""
