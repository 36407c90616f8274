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
        ({"podLabels": {"istio.io/dataplane-mode": "ambient"}}, "", "TCP 15008 between pods"),
        ({}, "Istio's ambient mode", "{istio.io/dataplane-mode: none}"),
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
        ({"podLabels": {"istio.io/dataplane-mode": "none"}}, "Istio's ambient mode"),
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


ON_FARGATE = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": next(iter(FARGATE)), "operator": "In", "values": ["fargate"]}]}
        ]
    }
}
SCALED = {
    "profile": "scaled",
    "storage": {"claims": {"files": CLAIMS["files"]}},
    "ingress": {"hostname": "k.example.net", "className": "traefik"},
    "stores": {
        "database": {"kind": "bundled", "storageClass": "fast"},
        "vectorStore": {"kind": "qdrant-bundled", "storageClass": "fast"},
    },
}


def test_fargate_mounts_no_disk() -> None:
    assert "nodeSelector: Fargate mounts no disk, and storage.claims.disk is one" in refused(nodeSelector=FARGATE)
    assert "Fargate mounts no disk" in refused(pods={"application": {"nodeSelector": FARGATE}})
    assert "Fargate mounts no disk" in refused(affinity={"nodeAffinity": ON_FARGATE})
    other = {"application": {"nodeSelector": {"pool": "machines"}}}
    assert settings(nodeSelector=FARGATE, pods=other).node_selector == FARGATE


def test_each_part_on_fargate_is_asked_for_its_own_disk() -> None:
    text = refused(**SCALED, pods={"database": {"nodeSelector": FARGATE}, "vectors": {"nodeSelector": FARGATE}})
    assert (
        "pods.database: Fargate mounts no disk, and stores.database is one; take nodes of EC2 for pods.database" in text
    )
    assert "pods.vectors: Fargate mounts no disk, and stores.vectorStore is one" in text
    assert "pods.application" not in text
    on_machines = {part: {"nodeSelector": {"pool": "machines"}} for part in ("database", "vectors")}
    assert settings(**SCALED, nodeSelector=FARGATE, pods=on_machines).scaled
    assert settings(**SCALED, pods={"application": {"nodeSelector": FARGATE}}).scaled, "files alone"


def test_a_choice_between_machines_and_fargate_is_not_refused() -> None:
    both = json.loads(json.dumps(ON_FARGATE).replace('["fargate"]', '["fargate", "ec2"]'))
    assert settings(affinity={"nodeAffinity": both}).affinity is not None


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        ({"nodeSelector": {"type": "virtual-kubelet"}}, "application, preparation"),
        ({"tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]}, "application, preparation"),
        ({"pods": {"application": {"nodeSelector": {"type": "virtual-kubelet"}}}}, "application"),
        ({"pods": {"application": {"podLabels": {"alibabacloud.com/eci": "true"}}}}, "application"),
        ({"pods": {"preparation": {"podAnnotations": {"alibabacloud.com/burst-resource": "eci"}}}}, "preparation"),
        (
            {
                "nodeSelector": {"type": "virtual-kubelet"},
                "pods": {"application": {"nodeSelector": {"pool": "machines"}}},
            },
            "preparation",
        ),
        ({**SCALED, "pods": {"database": {"nodeSelector": {"type": "virtual-kubelet"}}}}, "database"),
    ],
)
def test_virtual_nodes_are_told_with_the_parts_that_may_run_there(keys: dict[str, Any], parts: str) -> None:
    (line,) = virtual_nodes.warnings(settings(**keys))
    assert line.startswith(f"kotaemon:pods: those of {parts} may run on virtual nodes")
    assert "no DaemonSet runs" in line
    assert "Fargate" not in line


def test_what_fargate_mounts_is_told_with_it() -> None:
    (line,) = virtual_nodes.warnings(settings(**SCALED, pods={"application": {"nodeSelector": FARGATE}}))
    assert "provisioning: static" in line
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
