"""The component of VolumeSnapshots on a schedule, for disks that a driver made."""

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import ConfigMapVolumeSourceArgs, ContainerArgs, PodSpecArgs, VolumeArgs, VolumeMountArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs

from ..pod.args import ClusterImposes
from ..pod.files import API_CALL, content_hash
from ..pod.names import GID, IMAGE, PYTHON, RUNTIME_DIR, UID
from ..pod.network import network_policy
from ..pod.spec import TMP, Pod, pod_security, pod_spec, resources, tmp_volume
from ..pod.token import TOKEN, token_volume
from ..pod.variables import plain
from ..refusal import refuse
from . import names
from .args import VolumeSnapshotsArgs
from .backups import API_SERVER, cron_job_spec

SCRIPT = "ks_protect_snapshots.py"
GROUP = "snapshot.storage.k8s.io"
_FILES = (SCRIPT, API_CALL, "ks_protect_words.py")


def check(name: str, args: VolumeSnapshotsArgs) -> list[str]:
    """Mistakes in the arguments of VolumeSnapshots(name, args); none: it can be made."""
    return names.snapshot_mistakes(name, args)


def rules(args: VolumeSnapshotsArgs) -> list[PolicyRuleArgs]:
    """What the pod may do in the namespace. Names of snapshots are new each time, so no rule can hold them; the script
    removes only what has its own label."""
    snapshots = PolicyRuleArgs(
        api_groups=[GROUP], resources=["volumesnapshots"], verbs=["create", "get", "list", "delete"]
    )
    if "copy_class" not in args:
        return [snapshots]
    claims, copies = list(args["claims"]), [f"{claim}{names.COPY}" for claim in args["claims"]]
    kind = ["persistentvolumeclaims"]
    return [
        snapshots,
        PolicyRuleArgs(api_groups=[""], resources=kind, verbs=["create"]),
        PolicyRuleArgs(api_groups=[""], resources=kind, resource_names=[*claims, *copies], verbs=["get"]),
        PolicyRuleArgs(api_groups=[""], resources=kind, resource_names=copies, verbs=["delete"]),
    ]


def cluster_rules(args: VolumeSnapshotsArgs) -> list[PolicyRuleArgs]:
    """What the pod may do outside of the namespace: look at its class, and say of a content that it goes with its
    snapshot. A class with Retain would keep the data of every snapshot for ever otherwise."""
    return [
        PolicyRuleArgs(
            api_groups=[GROUP],
            resources=["volumesnapshotclasses"],
            resource_names=[args["snapshot_class"]],
            verbs=["get"],
        ),
        PolicyRuleArgs(api_groups=[GROUP], resources=["volumesnapshotcontents"], verbs=["patch"]),
    ]


def snapshot_pod(name: str, args: VolumeSnapshotsArgs, scripts: Input[str], account: Input[str]) -> Pod:
    """The pod: it talks to the API server alone, and mounts no claim."""
    env: dict[str, Input[str]] = {
        "KS_NAMESPACE": args["namespace"],
        "KS_NAME": name,
        "KS_CLASS": args["snapshot_class"],
        "KS_CLAIMS": " ".join(args["claims"]),
        "KS_KEEP": str(int(args.get("keep", names.KEEP_SNAPSHOTS))),
    }
    if "copy_class" in args:
        env["KS_COPY_CLASS"] = args["copy_class"]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=False),
        containers=[
            ContainerArgs(
                name="snapshots",
                image=args.get("image", IMAGE),
                command=[PYTHON, "-B", f"{RUNTIME_DIR}/{SCRIPT}"],
                env=plain(env),
                resources=resources("50m", "64Mi", "256Mi"),
                volume_mounts=[VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True), TMP, TOKEN],
                termination_message_policy="FallbackToLogsOnError",
            )
        ],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
            tmp_volume("64Mi"),
            token_volume(),
        ],
        direct_hosts=["kubernetes.default.svc"],
    )


def pods(name: str, args: VolumeSnapshotsArgs) -> list[PodSpecArgs]:
    """`spec` of the pod that VolumeSnapshots(name, args) makes, before anything is made."""
    imposes = args.get("cluster_imposes", ClusterImposes())
    return [pod_spec(snapshot_pod(name, args, "scripts", "account"), imposes)]


class VolumeSnapshots(pulumi.ComponentResource):
    """VolumeSnapshots of claims on a schedule; the oldest of its own go when the newest is ready.

    It needs the snapshot controller and the VolumeSnapshotClass in the cluster.
    """

    def __init__(self, name: str, args: VolumeSnapshotsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("VolumeSnapshots", name, check(name, args))
        super().__init__("kotaemon:index:VolumeSnapshots", name, None, opts)
        self._name, self._namespace = name, args["namespace"]
        self._child = ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=self._meta(), automount_service_account_token=False, opts=self._child
        )
        who = account.metadata.apply(lambda metadata: metadata.name or "")
        self._may(args, who)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=self._meta(),
            spec=network_policy(names.labels(name), clients=[], servers=[API_SERVER], dns=True, https=True),
            opts=self._child,
        )
        files = {key: text for key, text in names.scripts().items() if key in _FILES}
        scripts = k8s.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=self._meta(f"{name}-scripts-{content_hash(files)}"),
            data=files,
            immutable=True,
            opts=self._child,
        )
        pod = snapshot_pod(name, args, scripts.metadata.apply(lambda metadata: metadata.name or ""), who)
        spec = cron_job_spec(
            name,
            args.get("schedule", names.SNAPSHOT_AT),
            pod,
            args.get("cluster_imposes", ClusterImposes()),
            attempts=3,
        )
        k8s.batch.v1.CronJob(f"{name}-job", metadata=self._meta(), spec=spec, opts=self._child)
        self.register_outputs({})

    def _may(self, args: VolumeSnapshotsArgs, account: Output[str]) -> None:
        subjects = [SubjectArgs(kind="ServiceAccount", name=account, namespace=self._namespace)]
        group, whole = "rbac.authorization.k8s.io", Output.concat(self._namespace, f"-{self._name}")
        role = k8s.rbac.v1.Role(f"{self._name}-role", metadata=self._meta(), rules=rules(args), opts=self._child)
        k8s.rbac.v1.RoleBinding(
            f"{self._name}-binding",
            metadata=self._meta(),
            role_ref=RoleRefArgs(
                api_group=group, kind="Role", name=role.metadata.apply(lambda metadata: metadata.name or "")
            ),
            subjects=subjects,
            opts=self._child,
        )
        labels = names.labels(self._name)
        cluster = k8s.rbac.v1.ClusterRole(
            f"{self._name}-cluster-role",
            metadata=ObjectMetaArgs(name=whole, labels=labels),
            rules=cluster_rules(args),
            opts=self._child,
        )
        k8s.rbac.v1.ClusterRoleBinding(
            f"{self._name}-cluster-binding",
            metadata=ObjectMetaArgs(name=whole, labels=labels),
            role_ref=RoleRefArgs(
                api_group=group,
                kind="ClusterRole",
                name=cluster.metadata.apply(lambda metadata: metadata.name or ""),
            ),
            subjects=subjects,
            opts=self._child,
        )

    def _meta(self, name: Input[str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name or self._name, namespace=self._namespace, labels=names.labels(self._name))
