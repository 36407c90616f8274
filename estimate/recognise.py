"""Which product a resource of a plan is, or why it costs nothing. A type that no rule knows is unknown, never free."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from estimate.product import Free, Product, Unknown
from estimate.products.registry import FOREIGN_CLASS, FREE, PROVISIONERS, TYPES


@dataclass(frozen=True)
class Resource:
    """A resource of a plan as plain values."""

    type: str
    """Pulumi's type token."""
    name: str
    components: tuple[str, ...]
    """Names of the components that contain it, outermost first."""
    inputs: Mapping[str, Any]
    """Inputs with keys in camelCase, as the program gave them."""


_CLUSTER = Free("an object of the cluster; nodes and load balancers are not part of the stack")
_BILLED_ITSELF = Free("a way to storage; that storage is billed")
_FREE_GROUPS = (
    "apps/v1",
    "autoscaling/v2",
    "batch/v1",
    "core/v1",
    "gateway.networking.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "snapshot.storage.k8s.io/v1",
    "storage.k8s.io/v1",
)
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
_ATTRIBUTES = "kubernetes:storage.k8s.io/v1:VolumeAttributesClass"


class Plan:
    """The resources of one plan, with the StorageClasses and sizes that have to be looked up among them."""

    def __init__(self, resources: Iterable[Resource], sizes: Mapping[str, int]) -> None:
        self.resources = list(resources)
        self._sizes = sizes
        self._classes = {_name(r): r for r in self.resources if r.type == _CLASS}
        self._attributes = {_name(r): r for r in self.resources if r.type == _ATTRIBUTES}

    def recognise(self, resource: Resource) -> Product | Free:
        """The product that a resource is, or why it is free.

        Never raises: a resource that no rule understands is Unknown.
        """
        try:
            if resource.type.startswith("kubernetes:"):
                return self._object(resource)
            if resource.type in FREE:
                return Free(FREE[resource.type])
            if resource.type in TYPES:
                size = next((self._sizes[c] for c in resource.components if c in self._sizes), None)
                return TYPES[resource.type](resource.inputs, size)
        except (KeyError, TypeError, ValueError) as error:
            return Unknown(f"its inputs are not understood ({type(error).__name__}: {error})")
        return Unknown("no price rule knows this type")

    def _object(self, resource: Resource) -> Product | Free:
        group = resource.type.removeprefix("kubernetes:").rpartition(":")[0]
        if group not in _FREE_GROUPS:
            return Unknown("a custom resource: what its operator makes is not known")
        if (resource.inputs.get("spec") or {}).get("type") == "LoadBalancer":
            return Unknown("a load balancer, made by the cluster's cloud")
        if (resource.inputs.get("spec") or {}).get("volumeClaimTemplates"):
            return Unknown("its volumes are made from a template")
        return self._claim(resource) if resource.type == CLAIM else _CLUSTER

    def _claim(self, resource: Resource) -> Product | Free:
        spec = resource.inputs["spec"]
        if not spec.get("storageClassName"):
            return _BILLED_ITSELF
        size = gib(spec["resources"]["requests"]["storage"])
        found = self._classes.get(spec["storageClassName"])
        if found is None:
            return FOREIGN_CLASS(size, spec["storageClassName"])
        parameters = dict(found.inputs.get("parameters") or {})
        if attributes := self._attributes.get(spec.get("volumeAttributesClassName", "")):
            parameters |= attributes.inputs.get("parameters") or {}
        provisioner = str(found.inputs["provisioner"])
        if provisioner in PROVISIONERS:
            return PROVISIONERS[provisioner](parameters, size)
        return Unknown(f"no price rule knows the provisioner {provisioner}")


def gib(quantity: str) -> int:
    """A Kubernetes quantity in GiB. Raises ValueError for one that is not in Gi or Ti."""
    units = {"Gi": 1, "Ti": 1024}
    number, unit = quantity[:-2], quantity[-2:]
    if unit not in units:
        raise ValueError(f"{quantity!r} is not a size in Gi or Ti")
    return int(number) * units[unit]


def _name(resource: Resource) -> str:
    return str((resource.inputs.get("metadata") or {}).get("name", resource.name))
