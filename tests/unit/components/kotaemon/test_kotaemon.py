"""The component: names, parents, protection, secrets, wiring."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.kotaemon.args import KotaemonArgs
from components.kotaemon.kotaemon import Kotaemon
from components.pod.files import runtime_files
from components.pod.namespace import ApplicationNamespace
from plan.plain import UNKNOWN_TEXT
from tests.unit.components.kotaemon.samples import EXPOSURE, PROXY, elasticsearch, scaled_args, single_args

PulumiRun = Callable[..., Any]
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
ROUTE = {**EXPOSURE, "kind": "httproute", "gateway_name": "public", "gateway_namespace": "gateways"}
EVERYTHING = scaled_args(
    stores=elasticsearch(),
    autoscaler={"min_replicas": 2, "max_replicas": 5},
    exposure=EXPOSURE,
    api_keys={"OPENAI_API_KEY": "sk-1"},
    auth_proxy=PROXY,
)


def made(args: KotaemonArgs, **inside: Callable[[], Any]) -> Callable[[], dict[str, Any]]:
    """A program; `inside` are arguments that can be made only inside a run, as Outputs can."""

    def program() -> dict[str, Any]:
        app = Kotaemon("kotaemon", KotaemonArgs(**{**args, **{name: make() for name, make in inside.items()}}))
        return {"service": app.service, "url": app.url, "admin_secret": app.admin_secret}

    return program


def kinds(run: Any) -> list[str]:
    return sorted(r.type.rpartition(":")[2] for r in run.registrations if r.custom)


def pod(run: Any) -> dict[str, Any]:
    return run.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]


ALWAYS = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount"]


@pytest.mark.parametrize(
    ("args", "more"),
    [
        (single_args(), []),
        (single_args(api_keys={"OPENAI_API_KEY": "sk-1"}), ["Secret"]),
        (scaled_args(exposure=ROUTE), ["HTTPRoute"]),
        (EVERYTHING, ["HorizontalPodAutoscaler", "Ingress", "Secret", "Secret"]),
    ],
)
def test_objects_in_the_namespace_with_their_parent(pulumi_run: PulumiRun, args: KotaemonArgs, more: list[str]) -> None:
    run = pulumi_run(made(args))
    assert kinds(run) == sorted([*ALWAYS, *more])
    for child in (r for r in run.registrations if r.custom):
        assert [parent.type for parent in run.parents(child)] == ["kotaemon:index:Kotaemon"]
        assert child.name.startswith("kotaemon-")
        assert child.inputs["metadata"]["namespace"] == "kotaemon"
        assert child.inputs["metadata"]["labels"]["app.kubernetes.io/instance"] == "kotaemon"


def test_outputs(pulumi_run: PulumiRun) -> None:
    run = pulumi_run(made(single_args()))
    expected = {
        "service": "kotaemon",
        "url": "http://kotaemon.kotaemon.svc:7860",
        "admin_secret": "kotaemon-admin",
    }
    assert {name: output.value for name, output in run.outputs.items()} == expected
    assert not any(output.secret for output in run.outputs.values())
    assert run.component_outputs[run.one("kotaemon:index:Kotaemon").urn] == expected


def test_url_of_an_exposed_application(pulumi_run: PulumiRun) -> None:
    assert pulumi_run(made(single_args(exposure=EXPOSURE))).outputs["url"].value == "https://k.example.com"


def test_two_instances_do_not_collide(pulumi_run: PulumiRun) -> None:
    def program() -> None:
        Kotaemon("one", single_args())
        Kotaemon("two", single_args(namespace="other"))

    assert len(pulumi_run(program).of(DEPLOYMENT)) == 2


@pytest.mark.parametrize("args", [single_args(), EVERYTHING, scaled_args(exposure=ROUTE)])
def test_preview_reads_nothing_that_is_unknown(pulumi_run: PulumiRun, args: KotaemonArgs) -> None:
    def later() -> pulumi.Output[str]:
        return pulumi.Output.from_input(pulumi.UNKNOWN)

    run = pulumi_run(made(args, namespace=later, image=later, admin_password=later), preview=True)
    assert pod(run)["containers"][0]["image"] == UNKNOWN_TEXT
    assert run.one("kubernetes:core/v1:Service").inputs["metadata"]["namespace"] == UNKNOWN_TEXT


def test_namespace_comes_first(pulumi_run: PulumiRun) -> None:
    def program() -> None:
        namespace = ApplicationNamespace("kotaemon", {})
        Kotaemon("kotaemon", single_args(namespace=namespace.namespace))

    run = pulumi_run(program)
    assert any(urn.endswith("::kotaemon-namespace") for urn in run.one(DEPLOYMENT).depends_on)


def test_the_pod_runs_the_files_of_the_config_map(pulumi_run: PulumiRun) -> None:
    run = pulumi_run(made(single_args()))
    files = run.one(CONFIG_MAP).inputs
    assert files["data"] == runtime_files()
    assert files["immutable"] is True
    assert re.fullmatch(r"kotaemon-runtime-[0-9a-f]{8}", files["metadata"]["name"])
    volumes = {volume["name"]: volume for volume in pod(run)["volumes"]}
    assert volumes["runtime"]["configMap"]["name"] == files["metadata"]["name"]


def test_no_pod_runs_before_its_network_is_closed(pulumi_run: PulumiRun) -> None:
    after = {urn.rpartition("::")[2] for urn in pulumi_run(made(single_args())).one(DEPLOYMENT).depends_on}
    assert {"kotaemon-policy", "kotaemon-account", "kotaemon-runtime", "kotaemon-admin"} <= after


def password(run: Any) -> str:
    return base64.b64decode(run.one(SECRET, "kotaemon-admin").inputs["data"]["password"]).decode()


def test_a_generated_password_stays_what_it_was(pulumi_run: PulumiRun) -> None:
    first, second = pulumi_run(made(single_args())), pulumi_run(made(single_args()))
    assert len(password(first)) == 32
    assert password(first) != password(second), "each run makes one, and all but the first are ignored"
    secret = first.one(SECRET, "kotaemon-admin")
    assert secret.ignore_changes == ("data",)
    assert (secret.protect, secret.retain_on_delete) == (True, True)
    assert secret.inputs["metadata"]["labels"]["kotaemon.dev/generated"] == "true"
    assert secret.secret_keys == {"data"}


def test_a_given_password_is_taken_and_its_changes_too(pulumi_run: PulumiRun) -> None:
    run = pulumi_run(made(single_args(admin_password="correct horse")))
    secret = run.one(SECRET, "kotaemon-admin")
    assert password(run) == "correct horse"
    assert secret.ignore_changes == ()
    assert (secret.protect, secret.retain_on_delete) == (False, False)
    assert "kotaemon.dev/generated" not in secret.inputs["metadata"]["labels"]
    assert secret.secret_keys == {"data"}


def test_protection_can_be_lifted(pulumi_run: PulumiRun) -> None:
    secret = pulumi_run(made(single_args(protect=False))).one(SECRET, "kotaemon-admin")
    assert (secret.protect, secret.retain_on_delete) == (False, True)


def test_the_password_reaches_the_pod_by_reference_only(pulumi_run: PulumiRun) -> None:
    run = pulumi_run(made(single_args()))
    value = password(run)
    env = {variable["name"]: variable for variable in pod(run)["containers"][0]["env"]}
    assert env["KH_FEATURE_USER_MANAGEMENT_PASSWORD"] == {
        "name": "KH_FEATURE_USER_MANAGEMENT_PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "kotaemon-admin", "key": "password"}},
    }
    holders = [r.name for r in run.registrations if value in repr(r.inputs) or _base64(value) in repr(r.inputs)]
    assert holders == ["kotaemon-admin"]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_api_keys_are_in_one_secret_and_roll_the_pods(pulumi_run: PulumiRun) -> None:
    def run(value: str) -> Any:
        return pulumi_run(made(single_args(), api_keys=lambda: {"OPENAI_API_KEY": pulumi.Output.secret(value)}))

    def annotation(done: Any) -> str:
        return done.one(DEPLOYMENT).inputs["spec"]["template"]["metadata"]["annotations"]["kotaemon.dev/secrets"]

    first, same, other = run("sk-1"), run("sk-1"), run("sk-2")
    secret = first.one(SECRET, "kotaemon-api-keys")
    assert secret.inputs["data"] == {"OPENAI_API_KEY": _base64("sk-1")}
    assert secret.secret_keys == {"data"}
    assert first.one(DEPLOYMENT).secret_keys == frozenset(), "a preview shows the Deployment"
    assert annotation(first) == annotation(same) != annotation(other)
    holders = [r.name for r in first.registrations if "sk-1" in repr(r.inputs) or _base64("sk-1") in repr(r.inputs)]
    assert holders == ["kotaemon-api-keys"]
    assert any(urn.endswith("::kotaemon-api-keys") for urn in first.one(DEPLOYMENT).depends_on)


def test_mistakes_stop_it_before_anything_is_registered(pulumi_run: PulumiRun) -> None:
    registered: list[str] = []

    def program() -> None:
        try:
            Kotaemon("kotaemon", single_args(replicas=2))
        except pulumi.RunError as error:
            registered.append(str(error))

    run = pulumi_run(program)
    assert run.registrations == []
    assert "replicas: 2 is not allowed in the profile single-writer" in registered[0]


def test_the_route_belongs_to_its_gateway(pulumi_run: PulumiRun) -> None:
    route = pulumi_run(made(scaled_args(exposure=ROUTE))).one("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")
    assert route.inputs["spec"]["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert "sessionPersistence" in route.inputs["spec"]["rules"][0]


def test_the_login_has_its_secrets_by_reference(pulumi_run: PulumiRun) -> None:
    run = pulumi_run(made(single_args(auth_proxy=PROXY, exposure=EXPOSURE)))
    secret = run.one(SECRET, "kotaemon-auth-proxy")
    assert set(secret.inputs["data"]) == {"client-secret", "cookie-secret"}
    assert secret.secret_keys == {"data"}
    holders = [r.name for r in run.registrations if "hunter2" in repr(r.inputs) or _base64("hunter2") in repr(r.inputs)]
    assert holders == ["kotaemon-auth-proxy"]
    assert pod(run)["initContainers"][-1]["name"] == "auth-proxy"
    assert run.one("kubernetes:core/v1:Service").inputs["spec"]["ports"][0]["targetPort"] == 4180
