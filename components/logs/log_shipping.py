"""The component that ships logs."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..pod.args import Endpoint
from ..pod.files import content_hash
from ..pod.namespace import PodSecurity, pod_security_labels
from ..pod.network import network_policy
from ..pod.registry import registry_secret
from ..pod.secret import secret_data
from ..refusal import refuse
from . import collector, fluent_bit, sls
from .args import LogOutputKind, LogProgram, LogShippingArgs
from .collector import METRICS_PORT
from .pods import FILES, agent_spec, labels, reader_spec
from .shipping import Shipping, mistakes, shipping

RENDERERS = {LogProgram.OPENTELEMETRY: collector.text, LogProgram.FLUENT_BIT: fluent_bit.text}


def check(name: str, args: LogShippingArgs) -> list[str]:
    """Mistakes in the arguments of LogShipping(name, args); none: it can be made."""
    return mistakes(name, args)


class LogShipping(pulumi.ComponentResource):
    """Ships the application's logs: by one reader of the shared files, by an agent on every node, or by LoongCollector.

    Give `depends_on` what makes the claim of the role `logs`. Raises pulumi.RunError with all mistakes of the arguments
    before anything is registered.
    """

    namespace: Output[str]
    """Namespace of the shipping pods: that of the application, or an agent's own, which admits hostPath."""

    def __init__(self, name: str, args: LogShippingArgs, opts: ResourceOptions | None = None) -> None:
        refuse("LogShipping", name, check(name, args))
        super().__init__("kotaemon:index:LogShipping", name, None, opts)
        self.namespace = Output.from_input(args["namespace"])
        if LogOutputKind(args["output"]["kind"]) == LogOutputKind.SLS:
            self._tell_loongcollector(name, args)
        else:
            self._ship(shipping(name, args), args)
        self.register_outputs({"namespace": self.namespace})

    def _tell_loongcollector(self, name: str, args: LogShippingArgs) -> None:
        application = args.get("application", "kotaemon")
        k8s.apiextensions.CustomResource(
            f"{name}-pipeline",
            api_version=sls.API_VERSION,
            kind=sls.KIND,
            metadata=ObjectMetaArgs(name=name),
            spec=self.namespace.apply(lambda namespace: sls.pipeline(args["output"], namespace, application)),
            opts=ResourceOptions(parent=self),
        )

    def _ship(self, made: Shipping, args: LogShippingArgs) -> None:
        if made.agent:
            self.namespace = self._own_namespace(made)
        secret = self._secret(made, args)
        account = k8s.core.v1.ServiceAccount(
            f"{made.name}-account",
            metadata=self._meta(made, _role(args)),
            automount_service_account_token=False,
            opts=ResourceOptions(parent=self),
        )
        policy = k8s.networking.v1.NetworkPolicy(
            f"{made.name}-policy",
            metadata=self._meta(made),
            spec=network_policy(
                labels(made.name),
                clients=[_at_metrics(monitor) for monitor in made.monitors],
                servers=made.servers,
                dns=True,
                https=made.https,
            ),
            opts=ResourceOptions(parent=self),
        )
        files = {FILES[made.program]: RENDERERS[made.program](made)}
        config = k8s.core.v1.ConfigMap(
            f"{made.name}-config",
            metadata=ObjectMetaArgs(
                name=f"{made.name}-{content_hash(files)}", namespace=self.namespace, labels=labels(made.name)
            ),
            data=files,
            immutable=True,
            opts=ResourceOptions(parent=self),
        )
        named = (_name(config), _name(account), secret)
        opts = ResourceOptions(parent=self, depends_on=[policy])
        if made.agent:
            k8s.apps.v1.DaemonSet(
                f"{made.name}-agent", metadata=self._meta(made), spec=agent_spec(made, *named), opts=opts
            )
        else:
            k8s.apps.v1.StatefulSet(
                f"{made.name}-reader", metadata=self._meta(made), spec=reader_spec(made, *named), opts=opts
            )

    def _own_namespace(self, made: Shipping) -> Output[str]:
        full_name = Output.concat(made.namespace, "-logs")
        namespace = k8s.core.v1.Namespace(
            f"{made.name}-namespace",
            metadata=ObjectMetaArgs(name=full_name, labels=pod_security_labels(PodSecurity.PRIVILEGED)),
            opts=ResourceOptions(parent=self),
        )
        name = namespace.metadata.apply(lambda metadata: metadata.name or "")
        if logins := made.cluster_imposes.get("registry_logins"):
            secret = registry_secret(self, f"{made.name}-registry", name, logins)
            name = secret.metadata.apply(lambda metadata: metadata.namespace or "")
        return name

    def _secret(self, made: Shipping, args: LogShippingArgs) -> Input[str]:
        values: Mapping[str, Input[str]] = args.get("credentials", {})
        if not values:
            return args.get("credentials_secret", "")
        secret = k8s.core.v1.Secret(
            f"{made.name}-credentials",
            metadata=self._meta(made),
            type="Opaque",
            data=secret_data(values),
            opts=ResourceOptions(parent=self),
        )
        return secret.metadata.apply(lambda metadata: metadata.name or "")

    def _meta(self, made: Shipping, annotations: Mapping[str, Input[str]] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=made.name, namespace=self.namespace, labels=labels(made.name), annotations=annotations
        )


def _role(args: LogShippingArgs) -> Mapping[str, Input[str]] | None:
    """https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html."""
    return {"eks.amazonaws.com/role-arn": args["role_arn"]} if "role_arn" in args else None


def _at_metrics(monitor: Endpoint) -> Endpoint:
    return {**monitor, "port": METRICS_PORT}


def _name(made: k8s.core.v1.ConfigMap | k8s.core.v1.ServiceAccount) -> Output[str]:
    return made.metadata.apply(lambda metadata: metadata.name or "")
