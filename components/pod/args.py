"""What the arguments of several components say about pods: a key of a Secret, an address, what the cluster imposes."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypedDict

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


class WhenUnsatisfiable(str, Enum):
    """What the scheduler does with a pod that would break a rule of topology spread."""

    SCHEDULE_ANYWAY = "ScheduleAnyway"
    """It places the pod where the rule is broken least."""
    DO_NOT_SCHEDULE = "DoNotSchedule"
    """It leaves the pod Pending."""


class TopologySpread(TypedDict):
    """A rule that spreads the pods of one workload, as in `topologySpreadConstraints` of a Kubernetes pod."""

    topology_key: str
    """Label of nodes whose values are the domains, for example topology.kubernetes.io/zone."""
    max_skew: NotRequired[int]
    """Largest difference between the numbers of pods in two domains; default 1."""
    when_unsatisfiable: NotRequired[WhenUnsatisfiable]
    """Default ScheduleAnyway: DoNotSchedule leaves every pod Pending where no node has the label."""


class RegistryLogin(TypedDict):
    """A login at an image registry."""

    username: Input[str]
    password: Input[str]
    """Goes into a Secret of type kubernetes.io/dockerconfigjson."""


class ClusterImposes(TypedDict):
    """What a cluster asks of every pod. Default for each field: nothing."""

    image_pull_secrets: NotRequired[Sequence[Input[str]]]
    """Names of Secrets (type kubernetes.io/dockerconfigjson) with the login of the image registry. They have to be in
    the namespace of the pod: also in that of a preparation Job."""
    registry_logins: NotRequired[Mapping[str, RegistryLogin]]
    """Registry host -> its login. ApplicationNamespace and the preparation Jobs make a Secret of them in their
    namespaces, and every pod pulls with it."""
    image_mirrors: NotRequired[Mapping[str, str]]
    """Registry host -> what stands for it in the names of images: `{"docker.io": "harbor.example.com/hub"}` turns
    docker.io/library/postgres into harbor.example.com/hub/library/postgres. The host `*` stands for every other
    registry. Images of the mirror's own host keep their names."""
    node_selector: NotRequired[Mapping[str, str]]
    """Labels of the nodes that pods may run on."""
    affinity: NotRequired[Mapping[str, Any]]
    """`affinity` of a Kubernetes pod, with its own keys: nodeAffinity, podAffinity, podAntiAffinity."""
    tolerations: NotRequired[Sequence[Toleration]]
    """Taints of nodes that pods tolerate, beside those that this program sets itself."""
    topology_spread: NotRequired[Sequence[TopologySpread]]
    """How pods are spread, in place of this program's own rules (zones, then nodes, for several pods)."""
    priority_class: NotRequired[Input[str]]
    """Name of a PriorityClass."""
    runtime_class: NotRequired[Input[str]]
    """Name of a RuntimeClass."""
    cpu_limit: NotRequired[Input[str]]
    """CPU limit of every container, for example 2; where a quota of the namespace asks for one. Default: none, because
    a limit only slows starts and recoveries."""
    labels: NotRequired[Mapping[str, str]]
    """Labels of every pod, beside those that select it."""
    annotations: NotRequired[Mapping[str, str]]
    """Annotations of every pod."""
    proxy: NotRequired[HttpProxy]
    """The proxy to the world outside, as variables of every container."""
