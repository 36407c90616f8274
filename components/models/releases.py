"""The release of models in the cluster: a suspended CronJob that Jobs are made from, its rights, and its record."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import (
    CronJobSpecArgs,
    JobSpecArgs,
    JobTemplateSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim, Profile, RoleMount
from ..pod import imposed
from ..pod.args import ClusterImposes, Endpoint
from ..pod.files import content_hash
from ..pod.names import GID, IMAGE, PYTHON, RUNTIME_DIR, UID, application_labels
from ..pod.network import network_policy
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from ..pod.token import TOKEN, token_volume
from ..pod.variables import node_variable, plain
from ..refusal import because, refuse, refused_label
from .files import release_files
from .names import leader_labels

KEEP, READY_SECONDS, PREFETCH_SECONDS = 3, 3600, 1800
MODELS = "/models"
NEVER = "0 0 31 2 *"
"""A CronJob needs a schedule. This one is suspended, and 31 February does not come either."""
ENDED = (3, 78)
"""Exit codes of the script after which trying again does not help: rolled back, refused."""


class ModelReleasesArgs(TypedDict):
    """Arguments of ModelReleases."""

    namespace: Input[str]
    """Namespace of the application."""
    application: str
    """Name of the Kotaemon component, and of its Deployment."""
    models: RoleMount
    """Where the role `models` is: a file claim, or a disk that the Job can mount beside the application."""
    profile: NotRequired[Profile]
    """That of the application; default single-writer, whose record says how long it was away."""
    owned_by_stack: NotRequired[bool]
    """Whether the version is Pulumi's (Models.version): then a release only publishes. Default false."""
    keep: NotRequired[int]
    """Newest versions that are kept; default 3."""
    keep_days: NotRequired[int]
    """Days that a version is kept in any case; default 0."""
    allow_pickle: NotRequired[bool]
    """Whether a package may hold pickled weights; default false: they run code when they are loaded."""
    ready_seconds: NotRequired[int]
    """Seconds that the new pods have to become ready; default 3600. Then the version before comes back."""
    embeddings: NotRequired[Sequence[str]]
    """Models that indexes were made with, for example BAAI/bge-m3: a version that changes one is refused before a pod
    is touched. Default: none; the pods look at the record of each index when they start."""
    prefetch: NotRequired[str]
    """Name of the DaemonSet of ModelPrefetch, in the same namespace: it has the new version before the application
    does. Default: none."""
    prefetch_seconds: NotRequired[int]
    """Seconds that its pods have to copy a version; default 1800. Then the application is rolled all the same."""
    leader: NotRequired[str]
    """Name of the ModelSharing whose pod has the claim: the Job runs on its node. Default: nobody leads."""
    image: NotRequired[Input[str]]
    """Image with the application's Python; default: the application's."""
    uid: NotRequired[int]
    """User of the Job and owner of the versions; default 1001."""
    gid: NotRequired[int]
    """Group of the Job; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""


def check(name: str, args: ModelReleasesArgs) -> list[str]:
    """Mistakes in the arguments of ModelReleases(name, args); none: it can be made."""
    keep = int(args.get("keep", KEEP))
    return [
        *because("name", refused_label(name)),
        *because("keep", "" if keep >= 1 else f"{keep} is not allowed; it must be 1 or more"),
        *because("models", refused_claim(args["models"]["claim"])),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def refused_claim(claim: Claim) -> str:
    """Why a release cannot be on a claim; empty: it can."""
    if claim["access_mode"] == AccessMode.RWOP:
        return (
            f"the claim {claim['name']} is ReadWriteOncePod, which one pod mounts, and the Job of a release mounts it "
            "beside the application; give the role models one with the access mode ReadWriteOnce, or one that many "
            "nodes mount"
        )
    return ""


def labels(name: str) -> dict[str, str]:
    """Labels of the release's pods. They are no pods of the application."""
    return {"app.kubernetes.io/name": "kotaemon-models", "app.kubernetes.io/instance": name}


def beside(args: ModelReleasesArgs) -> Mapping[str, str] | None:
    """Labels of the pod that has the claim, where one node mounts it at a time. None: every node mounts it."""
    if "leader" in args:
        return leader_labels(args["leader"])
    alone = args["models"]["claim"]["access_mode"] == AccessMode.RWO
    return application_labels(args["application"]) if alone else None


def rules(application: str, record: str, prefetch: str | None = None) -> list[PolicyRuleArgs]:
    """What the Job may do, and nothing else: read and change one Deployment, one ConfigMap and one DaemonSet, and see
    which pods use which version. A `list` cannot be restricted to names."""
    ahead = PolicyRuleArgs(
        api_groups=["apps"], resources=["daemonsets"], resource_names=[prefetch or ""], verbs=["get", "patch"]
    )
    return [
        PolicyRuleArgs(
            api_groups=["apps"], resources=["deployments"], resource_names=[application], verbs=["get", "patch"]
        ),
        PolicyRuleArgs(api_groups=[""], resources=["configmaps"], resource_names=[record], verbs=["get", "patch"]),
        PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["list"]),
        *([ahead] if prefetch else []),
    ]


def variables(name: str, args: ModelReleasesArgs) -> dict[str, Input[str]]:
    """What the script is told; `KS_VERSION` comes from whoever makes the Job."""
    return {
        "KS_VERSION": "",
        "KS_MODELS_SHARED": MODELS,
        "KS_NAMESPACE": args["namespace"],
        "KS_DEPLOYMENT": args["application"],
        "KS_RECORD": name,
        "KS_OWNER": "stack" if args.get("owned_by_stack", False) else "cluster",
        "KS_KEEP": str(int(args.get("keep", KEEP))),
        "KS_KEEP_DAYS": str(int(args.get("keep_days", 0))),
        "KS_ALLOW_PICKLE": "1" if args.get("allow_pickle", False) else "0",
        "KS_READY_SECONDS": str(int(args.get("ready_seconds", READY_SECONDS))),
        "KS_PREFETCH": args.get("prefetch", ""),
        "KS_PREFETCH_SECONDS": str(int(args.get("prefetch_seconds", PREFETCH_SECONDS))),
        "KS_EMBEDDINGS": " ".join(args.get("embeddings", [])),
        "KS_PROFILE": Profile(args.get("profile", Profile.SINGLE_WRITER)).value,
    }


def cron_job_spec(
    name: str, args: ModelReleasesArgs, scripts: Input[str], account: Input[str] | None
) -> CronJobSpecArgs:
    """The CronJob, suspended: `kubectl create job --from` makes a release of it."""
    role, given = args["models"], args.get("cluster_imposes", ClusterImposes())
    claim, near = role["claim"], beside(args)
    # The application may come back on another node, and the disk cannot follow it while this pod has it.
    node = [node_variable("KS_NODE")] if near is not None and "leader" not in args else []
    container = ContainerArgs(
        name="release",
        image=args.get("image", IMAGE),
        command=[PYTHON, f"{RUNTIME_DIR}/ks_models_release.py"],
        env=[*plain(variables(name, args)), *node],
        resources=resources("500m", "256Mi", "1Gi"),
        volume_mounts=[
            VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True),
            TMP,
            TOKEN,
            VolumeMountArgs(name="claim", mount_path=MODELS, sub_path=role["sub_path"]),
        ],
        termination_message_policy="FallbackToLogsOnError",
    )
    pod = Pod(
        restart_policy="Never",
        service_account=account,
        security=pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=claim["fs_group"]),
        containers=[container],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
            VolumeArgs(
                name="claim", persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
            ),
            token_volume(),
            tmp_volume("1Gi"),
        ],
        direct_hosts=["kubernetes.default.svc"],
    )
    chosen = imposed.beside(given, near) if near is not None else given
    ended = PodFailurePolicyOnExitCodesRequirementArgs(operator="In", values=list(ENDED))
    return CronJobSpecArgs(
        schedule=NEVER,
        suspend=True,
        concurrency_policy="Forbid",
        job_template=JobTemplateSpecArgs(
            spec=JobSpecArgs(
                backoff_limit=6,
                pod_failure_policy=PodFailurePolicyArgs(
                    rules=[PodFailurePolicyRuleArgs(action="FailJob", on_exit_codes=ended)]
                ),
                template=pod_template(labels(name), pod, chosen),
            )
        ),
    )


class ModelReleases(pulumi.ComponentResource):
    """Releases of models in the cluster: publish, roll, look whether the pods become ready, and back if they do not.

    It runs nothing by itself: docs/runbooks/release-models.md has the command that makes a Job of it.
    """

    record: Output[str]
    """Name of the ConfigMap in which each release is recorded."""
    last: Output[dict[str, str]]
    """The record of the last release, read from the cluster in each run: version, from, phase, reason, at, seconds."""

    def __init__(self, name: str, args: ModelReleasesArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ModelReleases", name, check(name, args))
        super().__init__("kotaemon:index:ModelReleases", name, None, opts)
        self._name, self._namespace = name, args["namespace"]
        child = ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=self._meta(), automount_service_account_token=False, opts=child
        )
        # What is recorded is the cluster's: Pulumi makes the object, and never writes into it again.
        record = k8s.core.v1.ConfigMap(
            f"{name}-record",
            metadata=self._meta(),
            data={"phase": "none"},
            opts=ResourceOptions(parent=self, ignore_changes=["data"]),
        )
        may = k8s.rbac.v1.Role(
            f"{name}-role",
            metadata=self._meta(),
            rules=rules(args["application"], name, args.get("prefetch")),
            opts=child,
        )
        k8s.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=self._meta(),
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=_name(may)),
            subjects=[SubjectArgs(kind="ServiceAccount", name=_name(account), namespace=self._namespace)],
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=self._meta(),
            # The API server, whose address no policy can name: 443 of its Service, 6443 behind it.
            spec=network_policy(
                labels(name), clients=[], servers=[Endpoint(cidr="0.0.0.0/0", port=6443)], dns=True, https=True
            ),
            opts=child,
        )
        files = release_files()
        scripts = k8s.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=self._meta(f"{name}-scripts-{content_hash(files)}"),
            data=files,
            immutable=True,
            opts=child,
        )
        k8s.batch.v1.CronJob(
            f"{name}-job",
            metadata=self._meta(),
            spec=cron_job_spec(name, args, _name(scripts), _name(account)),
            opts=child,
        )
        self.record = _name(record)
        # Read, because a release writes it between two runs. The state would have what Pulumi made.
        place = Output.concat(self._namespace, "/", self.record)
        read = k8s.core.v1.ConfigMap.get(f"{name}-recorded", place, child)
        self.last = read.data.apply(
            lambda data: {key: (data or {})[key] for key in sorted(data or {}) if key != "history"}
        )
        self.register_outputs({"record": self.record, "last": self.last})

    def _meta(self, name: Input[str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name or self._name, namespace=self._namespace, labels=labels(self._name))


def _name(
    made: k8s.core.v1.ConfigMap | k8s.core.v1.ServiceAccount | k8s.rbac.v1.Role,
) -> Output[str]:
    return made.metadata.apply(lambda metadata: metadata.name or "")
