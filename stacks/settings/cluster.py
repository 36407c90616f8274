"""The section `kotaemon:cluster` of a stack file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from components.kubernetes_version import OLDEST_TEXT, refused_version
from guard.namespace import Namespace, Quota, quantity
from stacks.settings.fields import Strict, accept, matching


def _amount(value: str) -> str:
    quantity(value)
    return value


Amount = Annotated[
    str,
    # YAML has numbers: `pods: 10`.
    BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value),
    AfterValidator(_amount),
    WithJsonSchema({"type": ["string", "number"]}),
]
"""A quantity of Kubernetes: 500m, 2, 4Gi."""
IdRange = Annotated[str, matching(r"\d+[/-]\d+", "must be like 1000680000/10000: the first id and how many")]


class LimitSettings(Strict):
    """One entry of `spec.limits` of a LimitRange, as kubectl shows it."""

    type: Literal["Container", "Pod", "PersistentVolumeClaim"] = Field(description="What the entry is about.")
    min: dict[str, Amount] = Field(default_factory=dict[str, str], description="Least request of each resource.")
    max: dict[str, Amount] = Field(default_factory=dict[str, str], description="Largest limit of each resource.")
    default: dict[str, Amount] = Field(
        default_factory=dict[str, str], description="Limit of a container that has none of its own."
    )
    default_request: dict[str, Amount] = Field(
        default_factory=dict[str, str], description="Request of a container that has none of its own."
    )
    max_limit_request_ratio: dict[str, Amount] = Field(
        default_factory=dict[str, str], description="How many times its request a limit may be."
    )


class NamespaceSettings(Strict):
    """What the stack's namespace admits, for `make plan`, which asks no cluster. The cluster's own word counts more."""

    pod_security: Literal["privileged", "baseline", "restricted"] | None = Field(
        None, description="Its label pod-security.kubernetes.io/enforce; default: it has none."
    )
    quota: dict[str, Amount] = Field(
        default_factory=dict[str, str],
        description="`spec.hard` of its ResourceQuota, like {requests.memory: 16Gi, pods: 10}.",
    )
    limits: list[LimitSettings] = Field(
        default_factory=list[LimitSettings], description="`spec.limits` of its LimitRange."
    )
    uid_range: IdRange | None = Field(
        None, description="OpenShift: its annotation openshift.io/sa.scc.uid-range, like 1000680000/10000."
    )
    group_range: IdRange | None = Field(
        None, description="OpenShift: its annotation openshift.io/sa.scc.supplemental-groups; default: uidRange."
    )

    def facts(self, name: str) -> Namespace:
        """The same as the cluster would say it of the namespace `name`."""
        return Namespace(
            name=name,
            level=self.pod_security or "",
            quotas=(Quota("kotaemon:cluster.namespace.quota", self.quota),) if self.quota else (),
            limits=tuple(entry.model_dump(by_alias=True) for entry in self.limits),
            uids=self.uid_range or "",
            groups=self.group_range or "",
        )


class Cluster(Strict):
    """The Kubernetes cluster.

    Give kubeconfig and context, or none: the user's current context is never used by accident.
    """

    kubeconfig: str | None = Field(None, description="Path of a kubeconfig file; ~ is the home folder.")
    context: str | None = Field(None, description="Context in the kubeconfig file.")
    identifier: str | None = Field(
        None,
        description="Name of the cluster, for one whose API address may change; without it a new address counts as "
        "another cluster.",
    )

    version: str | None = Field(
        None,
        description=f"Version of the cluster's Kubernetes, for example 1.33: one older than {OLDEST_TEXT} is refused.",
    )
    namespace: NamespaceSettings | None = Field(
        None,
        description="What the namespace admits: quota, limit ranges, Pod Security level, ranges of ids; for "
        "`make plan`. `pulumi preview` and `up` read it from the cluster.",
    )
    zones: list[str] = Field(
        default_factory=list[str],
        description="Zones of the nodes, used by the plan on platform private; default: those that the claims name.",
    )

    @field_validator("version", mode="before")
    @classmethod
    def _not_a_number(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(f'must be in quotation marks: 1.30 without them is the number 1.3; write "{value}"')
        return value

    @field_validator("version")
    @classmethod
    def _new_enough(cls, value: str | None) -> str | None:
        accept(refused_version(value) if value is not None else "")
        return value

    @model_validator(mode="after")
    def _both(self) -> "Cluster":
        if (self.kubeconfig is None) != (self.context is None):
            raise ValueError("kubeconfig and context go together: the current context is never used by accident")
        return self

    @property
    def kubeconfig_path(self) -> str | None:
        """The path of the kubeconfig with the home folder in place of `~`."""
        return None if self.kubeconfig is None else str(Path(self.kubeconfig).expanduser())
