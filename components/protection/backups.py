"""The component of the file-level backup: one CronJob that takes everything together, and one that restores it."""

import secrets
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs
from pulumi_kubernetes.core.v1 import PodSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs

from ..pod.args import ClusterImposes, Endpoint
from ..pod.files import content_hash
from ..pod.network import network_policy
from ..pod.schedule import one_at_a_time
from ..pod.secret import GENERATED, secret_data
from ..pod.spec import Pod, pod_spec, pod_template
from ..refusal import refuse
from . import names
from .args import BackupsArgs
from .pods import backup_pod, drill_pod, restore_pod

PASSWORD_BYTES = 32
NEVER = "0 0 31 2 *"
"""A CronJob needs a schedule. The one of restores is suspended, and 31 February does not come either."""
REFUSED = 78
"""Exit code of the scripts after which trying again does not help (ks_protect_words.py)."""
API_SERVER = Endpoint(cidr="0.0.0.0/0", port=6443)
"""The API server, whose address no policy can name: 443 of its Service, 6443 behind it."""


def check(name: str, args: BackupsArgs) -> list[str]:
    """Mistakes in the arguments of Backups(name, args); none: it can be made."""
    return names.mistakes(name, args)


def pods(name: str, args: BackupsArgs) -> list[PodSpecArgs]:
    """`spec` of the pods that Backups(name, args) makes: backup's, drill's and restore's, before anything is made."""
    told = ("scripts", "secret", "account")
    return [
        pod_spec(backup_pod(name, args, *told), _imposes(args)),
        pod_spec(drill_pod(name, args, *told), args.get("cluster_imposes", ClusterImposes())),
        pod_spec(restore_pod(name, args, *told), args.get("cluster_imposes", ClusterImposes())),
    ]


def cron_job_spec(
    name: str,
    schedule: Input[str],
    pod: Pod,
    imposes: ClusterImposes,
    *,
    attempts: int,
    suspend: bool | None = None,
) -> CronJobSpecArgs:
    """A CronJob of protection. What trying again does not help ends the Job at once, and is seen as failed."""
    return one_at_a_time(
        schedule,
        pod_template(names.labels(name), pod, imposes),
        hours=names.HOURS,
        attempts=attempts,
        suspend=suspend,
        refusal=REFUSED,
    )


def drill_rules(record: str) -> list[PolicyRuleArgs]:
    """What the drill may do in the cluster, and nothing else: write its own result."""
    return [PolicyRuleArgs(api_groups=[""], resources=["configmaps"], resource_names=[record], verbs=["patch"])]


def _imposes(args: BackupsArgs) -> ClusterImposes:
    """What the cluster imposes; and where a disk has to be mounted twice, the node of the application's pod."""
    given = args.get("cluster_imposes", ClusterImposes()).copy()
    if "neighbour" in args:
        affinity: Any = dict(given.get("affinity", {}))
        required = "requiredDuringSchedulingIgnoredDuringExecution"
        pods_near = dict(affinity.get("podAffinity", {}))
        term = {"labelSelector": {"matchLabels": dict(args["neighbour"])}, "topologyKey": "kubernetes.io/hostname"}
        pods_near[required] = [*pods_near.get(required, []), term]
        given["affinity"] = {**affinity, "podAffinity": pods_near}
    return given


class Backups(pulumi.ComponentResource):
    """Everything that refers to everything else, backed up together by restic, and a restore drill of it.

    The claims are mounted read-only. The repository is encrypted with a generated password, without which nothing of it
    can be read: keep a copy of the Secret outside of the cluster (docs/runbooks/restore.md).
    """

    secret: Output[str]
    """Name of the Secret with the repository's password."""
    record: Output[str]
    """Name of the ConfigMap with the result of the last drill."""
    last: Output[dict[str, str]]
    """The result of the last drill, read from the cluster in each run: phase, at, lastGood, reason, conversations."""

    def __init__(self, name: str, args: BackupsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("Backups", name, check(name, args))
        super().__init__("kotaemon:index:Backups", name, None, opts)
        self._name, self._args, self._namespace = name, args, args["namespace"]
        self._child = ResourceOptions(parent=self)
        drill = f"{name}-drill"
        self.secret = self._password()
        scripts = self._scripts()
        self._policies(drill)
        annotations = args["repository"].get("account_annotations")
        accounts = [self._account(who, annotations) for who in (name, drill)]
        chosen = args.get("drill", {})
        imposes = _imposes(args), args.get("cluster_imposes", ClusterImposes())
        self._cron(
            name,
            cron_job_spec(
                name,
                args.get("schedule", names.BACKUP_AT),
                backup_pod(name, args, scripts, self.secret, accounts[0]),
                imposes[0],
                attempts=3,
            ),
        )
        # Suspended: `kubectl create job --from` makes a restore of it (docs/runbooks/restore.md).
        self._cron(
            f"{name}-restore",
            cron_job_spec(
                name,
                NEVER,
                restore_pod(name, args, scripts, self.secret, accounts[0]),
                args.get("cluster_imposes", ClusterImposes()),
                attempts=3,
                suspend=True,
            ),
            {"policy.kotaemon.dev/one-workload-a-claim": "suspended; a Job of it runs while the application is at 0"},
        )
        self.record = self._record(drill, accounts[1])
        self._cron(
            drill,
            cron_job_spec(
                drill,
                chosen.get("schedule", names.DRILL_AT),
                drill_pod(name, args, scripts, self.secret, accounts[1]),
                imposes[1],
                attempts=1,
            ),
        )
        # Read, because a drill writes it between two runs. The state would have what Pulumi made.
        place = Output.concat(self._namespace, "/", self.record)
        read = k8s.core.v1.ConfigMap.get(f"{name}-recorded", place, self._child)
        self.last = read.data.apply(lambda data: {key: (data or {})[key] for key in sorted(data or {})})
        self.register_outputs({"secret": self.secret, "record": self.record, "last": self.last})

    def _password(self) -> Output[str]:
        """The first password stays: it is the only key to every backup."""
        made = k8s.core.v1.Secret(
            f"{self._name}-secret",
            metadata=ObjectMetaArgs(
                name=self._name, namespace=self._namespace, labels=names.labels(self._name) | {GENERATED: "true"}
            ),
            type="Opaque",
            data=secret_data({names.PASSWORD: secrets.token_urlsafe(PASSWORD_BYTES)}),
            opts=ResourceOptions(
                parent=self, protect=self._args.get("protect", True), retain_on_delete=True, ignore_changes=["data"]
            ),
        )
        return made.metadata.apply(lambda metadata: metadata.name or "")

    def _scripts(self) -> Output[str]:
        files = names.scripts()
        made = k8s.core.v1.ConfigMap(
            f"{self._name}-scripts",
            metadata=self._meta(f"{self._name}-scripts-{content_hash(files)}"),
            data=files,
            immutable=True,
            opts=self._child,
        )
        return made.metadata.apply(lambda metadata: metadata.name or "")

    def _policies(self, drill: str) -> None:
        """The backup reaches stores and repository; the drill the repository, and the API server for its result."""
        repository = list(self._args["repository"].get("servers", []))
        stores: list[Endpoint] = []
        if "database" in self._args:
            stores.append(self._args["database"]["endpoint"])
        if "vectors" in self._args:
            stores.append(self._args["vectors"]["endpoint"])
        for who, servers in ((self._name, [*stores, *repository]), (drill, [API_SERVER, *repository])):
            k8s.networking.v1.NetworkPolicy(
                f"{who}-policy",
                metadata=self._meta(who),
                spec=network_policy(names.labels(who), clients=[], servers=servers, dns=True, https=True),
                opts=self._child,
            )

    def _account(self, who: str, annotations: Any) -> Output[str]:
        made = k8s.core.v1.ServiceAccount(
            f"{who}-account",
            metadata=ObjectMetaArgs(
                name=who, namespace=self._namespace, labels=names.labels(who), annotations=annotations or None
            ),
            automount_service_account_token=False,
            opts=self._child,
        )
        return made.metadata.apply(lambda metadata: metadata.name or "")

    def _record(self, drill: str, account: Input[str]) -> Output[str]:
        # What is recorded is the cluster's: Pulumi makes the object, and never writes into it again.
        record = k8s.core.v1.ConfigMap(
            f"{drill}-record",
            metadata=self._meta(drill),
            data={"phase": "none"},
            opts=ResourceOptions(parent=self, ignore_changes=["data"]),
        )
        role = k8s.rbac.v1.Role(f"{drill}-role", metadata=self._meta(drill), rules=drill_rules(drill), opts=self._child)
        k8s.rbac.v1.RoleBinding(
            f"{drill}-binding",
            metadata=self._meta(drill),
            role_ref=RoleRefArgs(
                api_group="rbac.authorization.k8s.io",
                kind="Role",
                name=role.metadata.apply(lambda metadata: metadata.name or ""),
            ),
            subjects=[SubjectArgs(kind="ServiceAccount", name=account, namespace=self._namespace)],
            opts=self._child,
        )
        return record.metadata.apply(lambda metadata: metadata.name or "")

    def _cron(self, who: str, spec: CronJobSpecArgs, annotations: dict[str, str] | None = None) -> None:
        meta = self._meta(who)
        meta.annotations = annotations
        k8s.batch.v1.CronJob(f"{who}-job", metadata=meta, spec=spec, opts=self._child)

    def _meta(self, name: str) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace=self._namespace, labels=names.labels(name))
