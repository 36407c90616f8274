"""The objects around the one pod of a bundled store, the same for each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, PodSpecArgs, VolumeArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..contract import Claim
from ..pod.args import ClusterImposes, Endpoint
from ..pod.files import content_hash
from ..pod.network import network_policy
from ..pod.secret import GENERATED, secret_data
from .backup import BackupArgs, script
from .backup_job import cron_job_spec
from .bundled import disruption_budget, service_spec, stateful_set_spec, store_labels


class StoreObjects:
    """Makes the children of a store's component: account, policy, Service, budget; then what it is asked for."""

    labels: dict[str, str]
    """Labels of the store's pod."""

    def __init__(
        self,
        parent: pulumi.ComponentResource,
        name: str,
        namespace: Input[str],
        *,
        kind: str,
        port: int,
        clients: Mapping[str, str],
        backed_up: bool,
        cluster_imposes: ClusterImposes,
        also: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self._parent, self._name, self._namespace, self._port = parent, name, namespace, port
        self._cluster_imposes = cluster_imposes
        self.labels = store_labels(name, kind)
        self._backup_labels = store_labels(name, f"{kind}-backup")
        child = ResourceOptions(parent=parent)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=self._meta(), automount_service_account_token=False, opts=child
        )
        self._account = account.metadata.apply(lambda metadata: metadata.name or "")
        connecting = [clients, *([self._backup_labels] if backed_up else []), *also]
        self._policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=self._meta(),
            spec=network_policy(
                self.labels,
                clients=[Endpoint(pod_labels=pods, port=port) for pods in connecting],
                servers=[],
            ),
            opts=child,
        )
        k8s.core.v1.Service(
            f"{name}-service",
            # The StatefulSet is waited for, and longer than a Service would be.
            metadata=self._meta({"pulumi.com/skipAwait": "true"}),
            spec=service_spec(self.labels, port),
            opts=child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruptions", metadata=self._meta(), spec=disruption_budget(self.labels), opts=child
        )

    def generated_secret(self, values: Mapping[str, Input[str]], *, protect: bool) -> Output[str]:
        """A Secret whose first values stay: later ones are ignored, and it is kept on deletion, like the disk.

        The name is the store's own.
        """
        made = k8s.core.v1.Secret(
            f"{self._name}-secret",
            metadata=ObjectMetaArgs(
                name=self._name, namespace=self._namespace, labels=self.labels | {GENERATED: "true"}
            ),
            type="Opaque",
            data=secret_data(values),
            opts=ResourceOptions(parent=self._parent, protect=protect, retain_on_delete=True, ignore_changes=["data"]),
        )
        return made.metadata.apply(lambda metadata: metadata.name or "")

    def config_map(self, what: str, files: dict[str, str]) -> Output[str]:
        """Makes a ConfigMap with files for a pod. Its name changes with their contents."""
        made = k8s.core.v1.ConfigMap(
            f"{self._name}-{what}-files",
            metadata=ObjectMetaArgs(
                name=f"{self._name}-{what}-{content_hash(files)}", namespace=self._namespace, labels=self.labels
            ),
            data=files,
            immutable=True,
            opts=ResourceOptions(parent=self._parent),
        )
        return made.metadata.apply(lambda metadata: metadata.name or "")

    def serve(self, container: ContainerArgs, claim: Claim, *, uid: int, volumes: list[VolumeArgs]) -> None:
        """Makes the StatefulSet, when the NetworkPolicy that guards it is there."""
        k8s.apps.v1.StatefulSet(
            f"{self._name}-server",
            metadata=self._meta(),
            spec=stateful_set_spec(
                self.labels,
                self._name,
                container,
                claim,
                uid=uid,
                volumes=volumes,
                account=self._account,
                cluster_imposes=self._cluster_imposes,
            ),
            opts=ResourceOptions(parent=self._parent, depends_on=[self._policy]),
        )

    def back_up(
        self, args: BackupArgs, file: str, *, image: Input[str], command: list[str], env: list[EnvVarArgs]
    ) -> None:
        """Makes the CronJob of the nightly copy, in which `command` runs the script `file`."""
        name, labels = f"{self._name}-backup", self._backup_labels
        meta = ObjectMetaArgs(name=name, namespace=self._namespace, labels=labels)
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=meta,
            spec=network_policy(
                labels, clients=[], servers=[Endpoint(pod_labels=self.labels, port=self._port)], dns=True
            ),
            opts=ResourceOptions(parent=self._parent),
        )
        k8s.batch.v1.CronJob(
            f"{name}-job",
            metadata=meta,
            spec=cron_job_spec(
                labels,
                args,
                image=image,
                command=command,
                env=env,
                scripts=self.config_map("backup", {file: script(file)}),
                account=self._account,
                cluster_imposes=self._cluster_imposes,
            ),
            opts=ResourceOptions(parent=self._parent, depends_on=[policy]),
        )

    def _meta(self, annotations: dict[str, str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=self._name, namespace=self._namespace, labels=self.labels, annotations=annotations)


def store_pods(
    name: str,
    container: ContainerArgs,
    claim: Claim,
    uid: int,
    volumes: list[VolumeArgs],
    backup: BackupArgs | None,
    cluster_imposes: ClusterImposes,
) -> list[PodSpecArgs]:
    """`spec` of the pods of a store: the server's, and with a backup the copy's. Names of objects are stand-ins."""
    serving: Any = stateful_set_spec(
        {}, name, container, claim, uid=uid, volumes=volumes, account=name, cluster_imposes=cluster_imposes
    )
    if backup is None:
        return [serving.template.spec]
    copying: Any = cron_job_spec(
        {}, backup, image="image", command=[], env=[], scripts="scripts", account=name, cluster_imposes=cluster_imposes
    )
    return [serving.template.spec, copying.job_template.spec.template.spec]
