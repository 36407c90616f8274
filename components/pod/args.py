"""What the arguments of several components say about pods: a key of a Secret, an address, what the cluster imposes."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired


class SecretKey(TypedDict):
    """One key of a Secret in the application's namespace."""

    secret_name: Input[str]
    key: str


class Endpoint(TypedDict):
    """A destination that the pods may open TCP connections to: a network or the pods of a namespace."""

    cidr: NotRequired[Input[str]]
    """Network, for example 203.0.113.7/32."""
    namespace: NotRequired[Input[str]]
    """Namespace of this cluster, for example the one of an Ollama server. Give this or `cidr`."""
    pod_labels: NotRequired[Mapping[str, str]]
    """Only pods with these labels; with `namespace`, or alone for the application's own namespace."""
    port: int


class TolerationOperator(str, Enum):
    """How a toleration compares itself with a taint."""

    EXISTS = "Exists"
    """Every value of the taint's key."""
    EQUAL = "Equal"
    """One value of the taint's key."""


class TaintEffect(str, Enum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    """No new pod is placed on the node."""
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    """A new pod is placed on the node when there is room on no other."""
    NO_EXECUTE = "NoExecute"
    """No new pod is placed on the node, and those that run there leave it."""


class Toleration(TypedDict):
    """A taint of nodes that the pods tolerate, as in `tolerations` of a Kubernetes pod."""

    key: NotRequired[str]
    """Key of the taint; default: every key, which needs the operator Exists."""
    operator: NotRequired[TolerationOperator]
    """Default Equal, as in Kubernetes."""
    value: NotRequired[str]
    """Value of the taint, for the operator Equal."""
    effect: NotRequired[TaintEffect]
    """Effect of the taint; default: every effect."""
    toleration_seconds: NotRequired[int]
    """Seconds that a pod stays on a node which gets the taint, for NoExecute; default: for ever."""


class HttpProxy(TypedDict):
    """The proxy by which pods reach the world outside of the cluster."""

    http_proxy: NotRequired[Input[str]]
    """URL for http:// addresses, for example http://proxy.example.com:3128; default: none is used."""
    https_proxy: NotRequired[Input[str]]
    """URL for https:// addresses; default: none is used."""
    no_proxy: NotRequired[Sequence[Input[str]]]
    """Hosts, domains and networks that are reached without it. Loopback, Services of the cluster and the stores that a
    pod uses are always added."""


class ClusterImposes(TypedDict):
    """What a cluster asks of every pod. Default for each field: nothing."""

    image_pull_secrets: NotRequired[Sequence[Input[str]]]
    """Names of Secrets (type kubernetes.io/dockerconfigjson) with the login of the image registry. They have to be in
    the namespace of the pod: also in that of a preparation Job."""
    node_selector: NotRequired[Mapping[str, str]]
    """Labels of the nodes that pods may run on."""
    tolerations: NotRequired[Sequence[Toleration]]
    """Taints of nodes that pods tolerate, beside those that this program sets itself."""
    proxy: NotRequired[HttpProxy]
    """The proxy to the world outside, as variables of every container."""
