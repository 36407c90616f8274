"""The Deployment, how a new version is rolled out, and how many pods a drain may evict at once."""

from pulumi import Input
from pulumi_kubernetes.apps.v1 import DeploymentSpecArgs, DeploymentStrategyArgs, RollingUpdateDeploymentArgs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgs

from ..models import pod as models
from ..pod.names import application_labels
from ..pod.recreate import ONE_POD, recreate
from ..pod.spec import pod_template
from .application import Application
from .environment import Secrets
from .pod import app_pod, startup_seconds

PULL_SECONDS = 1800
"""The amd64 image is 8-10 GB unpacked (docs/facts/kotaemon.md 1): half an hour is 5 MB/s."""
SECRETS_CHECKSUM = "kotaemon.dev/secrets"
AUTOSCALED = ["spec.replicas"]
"""What an autoscaler changes, for `ignore_changes`. A Deployment that says no number of its own would be reset to one
pod in the run that switches the autoscaler on (API server: the default of a field that its owner gives up), and one
that repeats its number would undo the autoscaler's in every run."""
OWNS_ITS_FIELDS = {"pulumi.com/patchForce": "true"}
"""Annotation for several pods: an autoscaler, or `kubectl scale`, owns the number of pods for ever once it has set it,
and without this the API server refuses the number of the stack file afterwards (Server-Side Apply, conflicts)."""

SWITCHED_OFF = {"kotaemon.dev/autoscaler": "switched off"}
"""Annotation for the run that switches the autoscaler off: to the engine the number may be the one that the Deployment
was made with, so it would send nothing, and the pods would stay as few as the autoscaler has left."""


def leaves_alone(app: Application, *, had_version: bool) -> list[str] | None:
    """What others change in the Deployment, for `ignore_changes`: an autoscaler, and the release of models.

    `had_version`: whether the pods had a version before this run. Without one there is nothing to leave alone, and the
    engine would leave out what is new: pods without the annotation never start (models.names.NO_VERSION).
    """
    theirs = app.models is not None and not app.model_version_is_ours and had_version
    released = models.IGNORED if theirs else []
    return [*(AUTOSCALED if app.autoscaler else []), *released] or None


def deployment_annotations(app: Application, *, was_autoscaled: bool) -> dict[str, str] | None:
    """Annotations of the Deployment, which tell the provider what to own and what to wait for."""
    if not app.scaled:
        return {**ONE_POD, **(OWNS_ITS_FIELDS if app.model_version_is_ours else {})}
    return {**OWNS_ITS_FIELDS, **(SWITCHED_OFF if was_autoscaled and app.autoscaler is None else {})}


def progress_seconds(app: Application) -> int:
    """How long a pod may take before the roll-out counts as failed."""
    fill = models.FILL_SECONDS if app.models is not None and models.filled(app.models) else 0
    return PULL_SECONDS + fill + startup_seconds(app)


def deployment_spec(
    app: Application, secrets: Secrets, runtime_map: Input[str], replicas: Input[int] | None = None
) -> DeploymentSpecArgs:
    """The Deployment. `runtime_map` carries a hash of its files, so a change of them rolls the pods.

    `replicas`: default that of the application.
    """
    # Variables from a Secret are read once, when the container starts: new values roll the pods.
    checksum = secrets.checksum
    annotations: dict[str, Input[str]] = {} if checksum is None else {SECRETS_CHECKSUM: checksum}
    if app.models is not None:
        annotations |= models.annotations(app.models)
    return DeploymentSpecArgs(
        replicas=app.first_replicas if replicas is None else replicas,
        selector=LabelSelectorArgs(match_labels=application_labels(app.name)),
        strategy=strategy(app),
        progress_deadline_seconds=progress_seconds(app),
        template=pod_template(
            application_labels(app.name),
            app_pod(app, secrets, runtime_map),
            app.cluster_imposes,
            annotations or None,
        ),
    )


def strategy(app: Application) -> DeploymentStrategyArgs:
    """Recreate for one writer: the new pod must not start before the old one has let go of the disk.

    Scaled: one more pod first, then one less, so that as many as wanted are always ready. That needs room for one pod.
    """
    if not app.scaled:
        return recreate()
    rolling = RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1)
    return DeploymentStrategyArgs(type="RollingUpdate", rolling_update=rolling)


def disruption_budget(app: Application) -> PodDisruptionBudgetSpecArgs:
    """One pod at a time, and never a blocked drain: one replica may go, and a broken pod never counts."""
    return PodDisruptionBudgetSpecArgs(
        max_unavailable=1,
        selector=LabelSelectorArgs(match_labels=application_labels(app.name)),
        unhealthy_pod_eviction_policy="AlwaysAllow",
    )
