"""Meshes, virtual nodes and namespaces of the cluster's own: told or refused before anything is made."""

import json
from typing import Any

import pytest

from guard.namespace import Namespace
from stacks import admission, mesh
from stacks.admission import Made
from stacks.settings import virtual_nodes
from stacks.settings.load import SettingsError, load
from stacks.settings.settings import Settings

CLAIMS = {
    "files": {"kind": "nfs", "server": "10.0.0.9", "path": "/srv"},
    "disk": {"kind": "storage-class", "storageClass": "fast"},
}
FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}


def settings(**keys: Any) -> Settings:
    given = {"platform": "private", "storage": {"claims": CLAIMS}, **keys}
    return load(
        {f"kotaemon:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}, set(), "x.yaml"
    )


@pytest.mark.parametrize(
    ("keys", "of_namespace", "words"),
    [
        ({"podLabels": {"sidecar.istio.io/inject": "true"}}, "", "kotaemon:podLabels: Istio puts its proxy"),
        ({"podAnnotations": {"linkerd.io/inject": "enabled"}}, "", "kotaemon:podAnnotations: Linkerd puts its proxy"),
        ({}, "Istio", '{sidecar.istio.io/inject: "false"}'),
        ({}, "Linkerd", "{linkerd.io/inject: disabled}"),
    ],
)
def test_a_mesh_is_told_with_the_way_out(keys: dict[str, Any], of_namespace: str, words: str) -> None:
    (line,) = mesh.warnings(settings(**keys), of_namespace)
    assert words in line


@pytest.mark.parametrize(
    ("keys", "of_namespace"),
    [
        ({}, ""),
        ({"podLabels": {"sidecar.istio.io/inject": "false"}}, "Istio"),
        ({"podAnnotations": {"linkerd.io/inject": "disabled"}}, "Linkerd"),
    ],
)
def test_pods_without_its_proxy_have_nothing_to_know(keys: dict[str, Any], of_namespace: str) -> None:
    assert list(mesh.warnings(settings(**keys), of_namespace)) == []


def test_nothing_is_made_in_a_namespace_that_is_being_deleted() -> None:
    (line,) = admission.refused(Namespace("kotaemon", level="restricted", ending=True), Made([], []))
    assert (
        line == "kotaemon:namespace kotaemon: it is being deleted, and nothing can be made in it; wait until it is gone"
    )


def refused(**keys: Any) -> str:
    with pytest.raises(SettingsError) as found:
        settings(**keys)
    return str(found.value)


def test_fargate_mounts_no_disk() -> None:
    assert "nodeSelector: Fargate mounts no disk, and storage.claims has disk" in refused(nodeSelector=FARGATE)
    assert "Fargate mounts no disk" in refused(pods={"application": {"nodeSelector": FARGATE}})
    other = {"application": {"nodeSelector": {"pool": "machines"}}}
    assert settings(nodeSelector=FARGATE, pods=other).node_selector == FARGATE


@pytest.mark.parametrize(
    "keys",
    [
        {"nodeSelector": {"type": "virtual-kubelet"}},
        {"tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]},
    ],
)
def test_virtual_nodes_are_told(keys: dict[str, Any]) -> None:
    (line,) = virtual_nodes.warnings(settings(**keys))
    assert "no DaemonSet runs" in line
    assert list(virtual_nodes.warnings(settings())) == []


def test_namespaces_of_the_cluster_are_not_the_stacks() -> None:
    assert "names that begin with kube- are the cluster's own" in refused(
        namespace="kube-system", namespaceExists="true"
    )
    assert "'default' is there already" in refused(namespace="default")
    assert settings(namespace="default", namespaceExists="true").namespace == "default"


def test_a_password_in_an_address_is_not_shown() -> None:
    said = refused(proxy={"httpsProxy": "http://user:pa55@proxy.lan:3128"})
    assert "http://[secret]@proxy.lan:3128" in said
    assert "pa55" not in said


def test_a_network_with_bits_of_a_host_is_told_as_the_network() -> None:
    assert "for example 10.1.0.0/16" in refused(modelEndpoints=[{"cidr": "10.1.2.3/16", "port": 443}])


def test_an_address_is_no_name_of_a_way_in() -> None:
    said = refused(ingress={"className": "traefik", "hostname": "10.0.0.7"})
    assert "kotaemon:ingress.hostname: '10.0.0.7' is an address, and Kubernetes takes a name only" in said
