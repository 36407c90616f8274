"""What a stack file says about every pod: registries, nodes, priority, labels, the proxy; once, and by component.

`imposed` makes of it what the components take as `cluster_imposes`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pulumi import Output
from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from components.pod.affinity import affinity_mistakes
from components.pod.args import (
    ClusterImposes,
    HttpProxy,
    RegistryLogin,
    TaintEffect,
    Toleration,
    TolerationOperator,
    TopologySpread,
    WhenUnsatisfiable,
)
from components.pod.images import mirror_mistakes
from components.pod.labels import annotation_mistakes, refused_labels
from components.pod.nodes import refused_nodes, refused_toleration
from stacks.settings.fields import Cpu, ObjectName, Strict, Url, accept

if TYPE_CHECKING:
    from stacks.settings.settings import Settings

PodPart = Literal["application", "database", "vectors", "preparation", "logs", "backup"]
"""Parts of a stack that have pods: a key of the section `pods`. Copies of a store follow their store."""

IDS = "kotaemon:uid and kotaemon:gid"
"""Keys that set the ids of pods of the application's image, for messages."""


class TolerationSettings(Strict):
    """A taint of nodes that the pods tolerate, as in `tolerations` of a Kubernetes pod."""

    key: str | None = Field(None, description="Key of the taint; default: every key, with operator Exists.")
    operator: TolerationOperator | None = Field(None, description="Exists or Equal; default Equal, as in Kubernetes.")
    value: str | None = Field(None, description="Value of the taint, for the operator Equal.")
    effect: TaintEffect | None = Field(None, description="Effect of the taint; default: every effect.")
    toleration_seconds: int | None = Field(
        None, ge=0, description="Seconds that a pod stays on a node that gets the taint; default: for ever."
    )

    @model_validator(mode="after")
    def _taken(self) -> "TolerationSettings":
        accept(refused_toleration(self.args()))
        return self

    def args(self) -> Toleration:
        """These settings as an argument of the components, without the keys that are not given."""
        found: Any = {name: value for name, value in self if value is not None}
        return found


class SpreadSettings(Strict):
    """A rule that spreads the pods of one workload over domains of nodes."""

    topology_key: str = Field(min_length=1, description="Label of nodes, for example topology.kubernetes.io/zone.")
    max_skew: int = Field(1, ge=1, description="Largest difference between the numbers of pods in two domains.")
    when_unsatisfiable: WhenUnsatisfiable = Field(
        WhenUnsatisfiable.SCHEDULE_ANYWAY,
        description="DoNotSchedule leaves every pod Pending where no node has the label.",
    )

    def args(self) -> TopologySpread:
        """These settings as an argument of the components."""
        return TopologySpread(
            topology_key=self.topology_key, max_skew=self.max_skew, when_unsatisfiable=self.when_unsatisfiable
        )


class ProxySettings(Strict):
    """The proxy by which pods reach the world outside of the cluster."""

    http_proxy: Url | None = Field(None, description="URL for http:// addresses, like http://10.0.0.9:3128.")
    https_proxy: Url | None = Field(None, description="URL for https:// addresses.")
    no_proxy: list[str] = Field(
        default_factory=list[str],
        description="Hosts, domains and networks reached without it; loopback, Services and the stores are always.",
    )

    def args(self) -> HttpProxy:
        """These settings as an argument of the components."""
        made = HttpProxy(no_proxy=self.no_proxy)
        if self.http_proxy is not None:
            made["http_proxy"] = self.http_proxy
        if self.https_proxy is not None:
            made["https_proxy"] = self.https_proxy
        return made


class LoginSettings(Strict):
    """A login at an image registry."""

    username: str = Field(min_length=1, description="User name, or the name of a robot account or token.")
    password: SecretStr = Field(description="Password or token; `pulumi config set --secret --path` writes it.")


_REFUSED: Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {
    "node_selector": refused_nodes,
    "affinity": affinity_mistakes,
    "pod_labels": refused_labels,
    "pod_annotations": annotation_mistakes,
}
"""Setting -> the function of the components that says what is wrong with it."""


class PartRules(Strict):
    """What the pods of the stack, or of one part of it, ask of the cluster."""

    node_selector: dict[str, str] | None = Field(None, description="Labels of the nodes that pods may run on.")
    affinity: dict[str, Any] | None = Field(
        None, description="`affinity` of a Kubernetes pod: nodeAffinity, podAffinity, podAntiAffinity."
    )
    tolerations: list[TolerationSettings] | None = Field(None, description="Taints of nodes that pods tolerate.")
    topology_spread: list[SpreadSettings] | None = Field(
        None, description="How the pods of a workload are spread; default: over zones, then over nodes."
    )
    priority_class: ObjectName | None = Field(None, description="Name of a PriorityClass.")
    runtime_class: ObjectName | None = Field(None, description="Name of a RuntimeClass.")
    cpu_limit: Cpu | None = Field(
        None, description="CPU limit of every container, where a quota asks for one; default: none."
    )
    pod_labels: dict[str, str] | None = Field(None, description="Labels of the pods, beside those that select them.")
    pod_annotations: dict[str, str] | None = Field(None, description="Annotations of the pods.")

    @field_validator("node_selector", "affinity", "pod_labels", "pod_annotations")
    @classmethod
    def _taken(cls, value: dict[str, Any] | None, info: ValidationInfo) -> dict[str, Any] | None:
        accept("; ".join(_REFUSED[info.field_name or ""](value or {})))
        return value


class PodRules(PartRules):
    """What every pod of the stack asks of the cluster, and the registries that images come from."""

    image_pull_secrets: list[ObjectName] = Field(
        default_factory=list[str],
        description="Secrets of type kubernetes.io/dockerconfigjson, which are in the namespace of the pods already.",
    )
    registry_logins: dict[str, LoginSettings] = Field(
        default_factory=dict[str, LoginSettings],
        description="Registry host -> login. The stack makes a pull secret of them in each namespace where it has "
        "pods.",
    )
    image_mirrors: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Registry host -> what stands for it in the name of every image; `*`: every other registry. "
        "docker.io: harbor.example.com/hub makes harbor.example.com/hub/library/postgres.",
    )
    proxy: ProxySettings | None = Field(None, description="Proxy to the world outside, for every container.")

    @field_validator("image_mirrors")
    @classmethod
    def _places(cls, value: dict[str, str]) -> dict[str, str]:
        accept("; ".join(mirror_mistakes(value)))
        return value

    pods: dict[PodPart, PartRules] = Field(
        default_factory=dict[PodPart, PartRules],
        description="Part of the stack -> keys that replace those of the whole stack for its pods.",
    )


def imposed(settings: PodRules, part: PodPart) -> ClusterImposes:
    """What the pods of one part ask of the cluster. A key of the part replaces the same key of the stack."""
    whole = {name: getattr(settings, name) for name in PartRules.model_fields}
    own = {name: value for name, value in settings.pods.get(part, PartRules.model_validate({})) if value is not None}
    found = {name: value for name, value in {**whole, **own}.items() if value is not None}
    made = ClusterImposes()
    for name, value in found.items():
        made[_ARGUMENTS.get(name, name)] = [item.args() for item in value] if isinstance(value, list) else value
    if settings.image_pull_secrets:
        made["image_pull_secrets"] = list(settings.image_pull_secrets)
    if settings.image_mirrors:
        made["image_mirrors"] = settings.image_mirrors
    if settings.registry_logins:
        made["registry_logins"] = logins(settings)
    if settings.proxy is not None:
        made["proxy"] = settings.proxy.args()
    return made


_ARGUMENTS = {"pod_labels": "labels", "pod_annotations": "annotations"}
"""Setting -> field of ClusterImposes, where they have different names."""


def logins(settings: PodRules) -> dict[str, RegistryLogin]:
    """The logins at registries as an argument of the components, with secret passwords."""
    return {
        host: RegistryLogin(username=login.username, password=Output.secret(login.password.get_secret_value()))
        for host, login in settings.registry_logins.items()
    }


def warnings(settings: "Settings") -> Iterator[str]:
    """What has to be done beside the stack for its pods to start."""
    if settings.image_pull_secrets and not settings.registry_logins and not settings.namespace_exists:
        names = ", ".join(settings.image_pull_secrets)
        yield (
            f"kotaemon:imagePullSecrets: {names} must be in the namespace {settings.namespace} and in those of "
            "preparation Jobs, which this stack makes; put it there while `up` waits for the pods, or give "
            "kotaemon:registryLogins, of which the stack makes a Secret in each of them"
        )
