"""Roll-out, disruptions, scale. The whole Deployment of each profile is in snapshots/, to be read in a review."""

import os
from pathlib import Path

import pytest
import yaml

from components.kotaemon.application import Application
from components.kotaemon.autoscaler import autoscaler_spec
from components.kotaemon.deployment import deployment_spec, disruption_budget, progress_seconds
from components.kotaemon.environment import Secrets
from tests.unit.components.kotaemon.samples import elasticsearch, manifest, scaled, single

SECRETS = Secrets("kotaemon-admin", "kotaemon-api-keys", checksum="checksum")
SNAPSHOTS = Path(__file__).parent / "snapshots"
BOTH = pytest.mark.parametrize("app", [single(), scaled()], ids=["single-writer", "scaled"])


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("single-writer", single(api_keys={"OPENAI_API_KEY": "sk-1"}, env={"OPENAI_CHAT_MODEL": "gpt-4o-mini"})),
        ("scaled", scaled(stores=elasticsearch())),
    ],
)
def test_snapshot(name: str, app: Application) -> None:
    spec = manifest(deployment_spec(app, SECRETS, "kotaemon-runtime-00000000"))
    text = yaml.safe_dump(spec, width=120)
    file = SNAPSHOTS / f"{name}.yaml"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text)
    assert text == file.read_text(), f"{file.name} differs: read the difference, then run with UPDATE_SNAPSHOTS=1"


def test_one_writer_is_recreated() -> None:
    spec = manifest(deployment_spec(single(), SECRETS, "r"))
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["replicas"] == 1


def test_scaled_never_has_less_than_wanted() -> None:
    spec = manifest(deployment_spec(scaled(), SECRETS, "r"))
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert spec["replicas"] == 3


@BOTH
def test_the_deadline_outlasts_the_pull_and_the_start(app: Application) -> None:
    spec = manifest(deployment_spec(app, SECRETS, "r"))
    startup = spec["template"]["spec"]["containers"][0]["startupProbe"]
    assert spec["progressDeadlineSeconds"] == progress_seconds(app)
    assert spec["progressDeadlineSeconds"] >= 1800 + startup["periodSeconds"] * startup["failureThreshold"]


def test_new_secrets_roll_the_pods() -> None:
    def annotations(secrets: Secrets) -> object:
        return manifest(deployment_spec(single(), secrets, "r"))["template"]["metadata"].get("annotations")

    assert annotations(Secrets("a", "k", checksum="1")) == {"kotaemon.dev/secrets": "1"}
    assert annotations(Secrets("a")) is None


def test_an_autoscaler_owns_the_number_of_pods() -> None:
    scaling = {"min_replicas": 2, "max_replicas": 10}
    app = scaled(autoscaler=scaling)
    # It is made with as many as it says; then the field is the autoscaler's, under ignore_changes.
    assert manifest(deployment_spec(app, SECRETS, "r"))["replicas"] == max(app.replicas, 2)
    assert manifest(deployment_spec(scaled(autoscaler={**scaling, "min_replicas": 9}), SECRETS, "r"))["replicas"] == 9
    made = manifest(autoscaler_spec(app, scaling))
    assert made["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "kotaemon"}
    assert (made["minReplicas"], made["maxReplicas"]) == (2, 10)
    assert made["metrics"][0]["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 80},
    }
    down = made["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] == 1800
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 600}]


@BOTH
def test_a_drain_is_never_blocked(app: Application) -> None:
    made = manifest(disruption_budget(app))
    assert made["maxUnavailable"] == 1
    assert "minAvailable" not in made
    assert made["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert made["selector"] == manifest(deployment_spec(app, SECRETS, "r"))["selector"]
