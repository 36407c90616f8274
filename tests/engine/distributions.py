"""What distributions of Kubernetes write into objects that the program made, each with its source, read on 29 November 2026.

Pods are left out: what an admission changes in a pod (OpenShift's ids, EKS's identity, a LimitRange's defaults) is in no
object of the program. So are Services of type LoadBalancer, which it does not make.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One write of somebody else."""

    kind: str
    """Kind of the objects that get it: every one of the stack."""
    manager: str
    """Who writes, as managedFields names it."""
    body: dict[str, Any]
    """What is merged into the object."""
    source: str
    status: bool = False
    """Whether it goes to the subresource `status`."""


@dataclass(frozen=True)
class Distribution:
    """One distribution."""

    changes: tuple[Change, ...]
    note: str
    """What of it does not reach the program's objects, and why."""


def _annotated(kind: str, **annotations: str) -> Change:
    return Change(kind, "rancher", {"metadata": {"annotations": annotations}}, _RANCHER)


def _address(manager: str, source: str, **address: str) -> Change:
    return Change("Ingress", manager, {"status": {"loadBalancer": {"ingress": [address]}}}, source, status=True)


_SCC = "https://github.com/openshift/cluster-policy-controller/blob/050c1ee/pkg/security/controller/namespace_scc_allocation_controller.go"
_PULL = "https://github.com/openshift/openshift-controller-manager/blob/26d20fe/pkg/internalregistry/controllers/image_pull_secret_controller.go"
_ALB = "https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/225f445/pkg/shared_constants/finalizers.go"
_ACK = "https://github.com/kubernetes/cloud-provider-alibaba-cloud/blob/eeb0ddc/pkg/controller/helper/service_utils.go"
_RANCHER = "https://github.com/rancher/rancher (publicEndpoints, where Rancher manages a cluster; excerpts were read)"
_PULL_MANAGER = "openshift.io/image-registry-pull-secrets_image-pull-secret-controller"

DISTRIBUTIONS: dict[str, Distribution] = {
    "openshift": Distribution(
        (
            Change(
                "Namespace",
                "cluster-policy-controller",
                {
                    "metadata": {
                        "annotations": {
                            "openshift.io/sa.scc.uid-range": "1000680000/10000",
                            "openshift.io/sa.scc.supplemental-groups": "1000680000/10000",
                            "openshift.io/sa.scc.mcs": "s0:c26,c15",
                        }
                    }
                },
                _SCC,
            ),
            Change(
                "ServiceAccount",
                _PULL_MANAGER,
                {
                    "metadata": {
                        "annotations": {"openshift.io/internal-registry-pull-secret-ref": "own-dockercfg-x7k2p"}
                    },
                    "imagePullSecrets": [{"name": "own-dockercfg-x7k2p"}],
                    "secrets": [{"name": "own-dockercfg-x7k2p"}],
                },
                _PULL,
            ),
        ),
        "The labels of Pod Security stay the program's: the synchronizer leaves labels that another manager owns.",
    ),
    "eks": Distribution(
        (
            Change("Ingress", "controller", {"metadata": {"finalizers": ["ingress.k8s.aws/resources"]}}, _ALB),
            _address("controller", _ALB, hostname="k8s-own-1.elb.amazonaws.com"),
        ),
        "EKS's own admission (pod identity, vpc-resource-controller) is for pods and for Services of type LoadBalancer.",
    ),
    "ack": Distribution(
        (_address("alb-ingress-controller", _ACK, hostname="alb-own1.cn-hangzhou.alb.aliyuncs.com"),),
        "Its labels and finalizers (service.k8s.alibaba/...) are for Services of type LoadBalancer.",
    ),
    "k3s": Distribution(
        (
            _annotated("Deployment", **{"field.cattle.io/publicEndpoints": '[{"port":443}]'}),
            _annotated("Ingress", **{"field.cattle.io/publicEndpoints": '[{"port":443}]'}),
            _annotated("Namespace", **{"field.cattle.io/projectId": "local:p-abcde", "cattle.io/status": "{}"}),
            _address("traefik", "https://docs.k3s.io/networking/networking-services", ip="192.0.2.7"),
        ),
        "Its default class (local-path) and default IngressClass (traefik) fill what is left open; the program leaves neither open.",
    ),
}
