"""Kotaemon in its namespace: one component, whatever the storage is made of."""

import copy
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..models.files import pod_files
from ..models.pod import filled
from ..pod.files import content_hash, runtime_files
from ..pod.names import application_labels
from ..refusal import refuse
from . import session_export
from .application import application
from .args import Exposure, ExposureKind, KotaemonArgs
from .auth_proxy import proxy_secrets
from .credentials import admin_secret, checksum, plain_secret
from .deployment import deployment_annotations, deployment_spec, disruption_budget, leaves_alone, progress_seconds
from .environment import Secrets
from .exposure import cilium_spec, ingress_annotations, ingress_spec, route_spec, service_annotations
from .mistakes import check
from .names import PORT
from .network import network_policy, service_spec


class Kotaemon(pulumi.ComponentResource):
    """The application with everything it needs in a namespace, except storage and the stores of the scaled profile.

    Give `depends_on` what makes the claims (and the NfsPreparation): the pods wait for it. Raises pulumi.RunError with
    all mistakes of the arguments before anything is registered.
    """

    service: Output[str]
    """Name of the Service, port 7860."""
    url: Output[str]
    """Where people reach it; inside the cluster without an exposure."""
    admin_secret: Output[str]
    """Name of the Secret with the first administrator's password, key `password`."""

    def __init__(self, name: str, args: KotaemonArgs, opts: ResourceOptions | None = None) -> None:
        refuse("Kotaemon", name, check(name, args))
        app = application(name, args)
        opts, after = _pods_wait(opts)
        super().__init__("kotaemon:index:Kotaemon", name, None, opts)
        self._app = app
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-policy", metadata=self._meta(name), spec=network_policy(app), opts=ResourceOptions(parent=self)
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self._meta(name),
            automount_service_account_token=False,
            opts=ResourceOptions(parent=self),
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            # The Deployment is waited for; the first pull of the image outlasts a Service's ten minutes.
            metadata=self._meta(name, {"pulumi.com/skipAwait": "true"} | self._read_from_service()),
            spec=service_spec(app),
            opts=ResourceOptions(parent=self),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruptions",
            metadata=self._meta(name),
            spec=disruption_budget(app),
            opts=ResourceOptions(parent=self),
        )
        admin = admin_secret(self, name, app.namespace, args.get("admin_password"), args.get("protect", True))
        self.admin_secret = _name(admin)
        # Before the pods: what was the way in without a login is closed when the first pod with the proxy starts.
        deployment = self._deploy(args, [policy, account, service, *after])
        # Known when every pod of the new version is ready: what is remembered of a switch waits for it.
        self.ready = deployment.metadata.apply(lambda metadata: metadata.name or "")
        if app.exposure:
            # The way in from outside opens last; with a login not before the proxy is there.
            self._expose(app.exposure, [policy, service, *([deployment] if app.auth_proxy else [])])
        self.service = _name(service)
        self.url = self._url()
        self.register_outputs({"service": self.service, "url": self.url, "admin_secret": self.admin_secret})

    def _deploy(self, args: KotaemonArgs, before: list[pulumi.Resource]) -> k8s.apps.v1.Deployment:
        app = self._app
        name = app.name
        files = {**runtime_files(), **(pod_files(fill=filled(app.models)) if app.models is not None else {})}
        files |= session_export.files() if app.session_export is not None else {}
        runtime = k8s.core.v1.ConfigMap(
            f"{name}-runtime",
            # A new name for new files: the pods of the old version keep theirs until they end.
            metadata=self._meta(f"{name}-runtime-{content_hash(files)}"),
            data=files,
            immutable=True,
            opts=ResourceOptions(parent=self),
        )
        secrets = self._secrets(args)
        limit = f"{progress_seconds(app) // 60 + 5}m"
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=self._meta(name, deployment_annotations(app, was_autoscaled=args.get("was_autoscaled", False))),
            spec=deployment_spec(app, secrets, _name(runtime), self._replicas(args)),
            opts=ResourceOptions(
                parent=self,
                depends_on=before,
                ignore_changes=leaves_alone(app, had_version=args.get("had_model_version", True)),
                # Pulumi's own ten minutes would end before the roll-out's deadline says why.
                custom_timeouts=CustomTimeouts(create=limit, update=limit),
            ),
        )
        if app.autoscaler:
            from .autoscaler import autoscaler_spec

            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                f"{name}-autoscaler",
                metadata=self._meta(name),
                spec=autoscaler_spec(app, app.autoscaler),
                opts=ResourceOptions(parent=self, depends_on=[deployment]),
            )
        return deployment

    def _replicas(self, args: KotaemonArgs) -> Input[int] | None:
        """The number of pods in the run that switches the autoscaler off: what it has come to, and never fewer than
        asked for. None in every other run: that of the application."""
        app = self._app
        if app.autoscaler or not args.get("was_autoscaled", False):
            return None
        place = Output.concat(app.namespace, "/", app.name)
        now = k8s.apps.v1.Deployment.get(f"{app.name}-deployment-now", place, ResourceOptions(parent=self))
        return now.spec.apply(lambda spec: max(spec.replicas or 1, app.replicas))

    def _secrets(self, args: KotaemonArgs) -> Secrets:
        app, secrets = self._app, Secrets(admin=self.admin_secret)
        values = dict(args.get("api_keys", {}))
        if values:
            secrets = secrets._replace(api_keys=_name(plain_secret(self, app.name, "api-keys", app.namespace, values)))
        if app.auth_proxy:
            login = proxy_secrets(app.auth_proxy["client_secret"])
            made = plain_secret(self, app.name, "auth-proxy", app.namespace, login)
            secrets = secrets._replace(auth_proxy=_name(made))
            values |= login
        return secrets._replace(checksum=checksum(values)) if values else secrets

    def _expose(self, exposure: Exposure, after: list[pulumi.Resource]) -> None:
        app, opts = self._app, ResourceOptions(parent=self, depends_on=after)
        if (let_in := cilium_spec(exposure, application_labels(app.name), app.entrance)) is not None:
            k8s.apiextensions.CustomResource(
                f"{app.name}-way-in",
                api_version="cilium.io/v2",
                kind="CiliumNetworkPolicy",
                metadata=self._meta(f"{app.name}-way-in"),
                spec=let_in,
                opts=opts,
            )
        if exposure["kind"] == ExposureKind.INGRESS:
            k8s.networking.v1.Ingress(
                f"{app.name}-ingress",
                metadata=self._meta(app.name, self._read_from_ingress(exposure)),
                spec=ingress_spec(exposure, app.name),
                opts=opts,
            )
        else:
            k8s.apiextensions.CustomResource(
                f"{app.name}-route",
                api_version="gateway.networking.k8s.io/v1",
                kind="HTTPRoute",
                metadata=self._meta(app.name, dict(exposure.get("annotations", {})) or None),
                spec=route_spec(exposure, app.name, sticky=app.scaled),
                opts=opts,
            )

    def _read_from_ingress(self, exposure: Exposure) -> dict[str, str]:
        login = self._app.auth_proxy is not None
        return ingress_annotations(exposure, login=login, path=self._app.health_path)

    def _read_from_service(self) -> dict[str, str]:
        return service_annotations(self._app.exposure, self._app.health_path) if self._app.exposure else {}

    def _url(self) -> Output[str]:
        if self._app.exposure:
            return Output.concat("https://", self._app.exposure["hostname"])
        return Output.concat("http://", self._app.name, ".", self._app.namespace, f".svc:{PORT}")

    def _meta(self, name: Input[str], annotations: dict[str, str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=name, namespace=self._app.namespace, labels=application_labels(self._app.name), annotations=annotations
        )


def _pods_wait(opts: ResourceOptions | None) -> tuple[ResourceOptions | None, list[Any]]:
    """The options without `depends_on`, and what was in it, for the Deployment alone.

    `pulumi destroy --exclude-protected` spares what a protected resource needs, and its parent: the Secret with the
    first password would keep the servers of the stores running.
    """
    given: Any = opts.depends_on if opts is not None else None
    if opts is None or not isinstance(given, pulumi.Resource | list | tuple):
        return opts, []
    rest = copy.copy(opts)
    rest.depends_on = None
    return rest, [given] if isinstance(given, pulumi.Resource) else list(cast("list[Any]", given))


def _name(made: k8s.core.v1.Secret | k8s.core.v1.ConfigMap | k8s.core.v1.Service) -> Output[str]:
    return made.metadata.apply(lambda metadata: metadata.name or "")
