"""ModelSharing under mocks: who mounts the claim, who may reach whom, who has which password, and what is refused."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.contract import AccessMode, Medium, Role
from components.kotaemon.mistakes import check as check_kotaemon
from components.models.args import ModelCacheKind
from components.models.releases import ModelReleasesArgs, cron_job_spec
from components.models.sharing import CREDENTIALS, ModelSharing, ModelSharingArgs, check
from components.pod.args import ClusterImposes
from components.pod.imposed import beside, on_nodes_with
from components.pod.names import application_labels
from components.pod.recreate import ONE_POD
from guard.pod_security import restricted_violations
from guard.reach import Peer, allows
from plan.recorder import Run
from tests.unit.components.kotaemon.samples import DISK, FILES, manifest, on, scaled, scaled_args
from tests.unit.components.models.test_pod import mounts, pod

Mocks = Callable[..., Run]
WRITER = DISK | {"access_mode": AccessMode.RWO, "name": "weights"}
LOCAL = {"kind": ModelCacheKind.LOCAL, "limit": "40Gi", "claim_name": "models-cache"}
NATS = {"url": "tls://nats.nats.svc:4222", "credentials": dict.fromkeys(CREDENTIALS, "hunter2")}
LEADER = {"name": "leader", "ca_secret": "leader-tls"}
APP, LED = (
    Peer("kotaemon", application_labels("kotaemon")),
    Peer("kotaemon", {"app.kubernetes.io/name": "kotaemon-models-leader", "app.kubernetes.io/instance": "leader"}),
)
NODE = Peer("kotaemon", {"app.kubernetes.io/name": "kotaemon-models-follower", "app.kubernetes.io/instance": "leader"})


def args(**changes: Any) -> ModelSharingArgs:
    given = {
        "namespace": "kotaemon",
        "models": on(WRITER, Role.MODELS),  # type: ignore[arg-type]
        "cache": LOCAL,
        "clients": application_labels("kotaemon"),
        "tls_secret": "leader-tls",
        "nats": NATS,
    }
    return ModelSharingArgs(**{key: value for key, value in (given | changes).items() if value is not None})


def run(pulumi_run: Mocks, **changes: Any) -> Run:
    return pulumi_run(lambda: {"service": ModelSharing("leader", args(**changes)).service})


def spec(found: Run, kind: str) -> dict[str, Any]:
    return found.one(f"kubernetes:apps/v1:{kind}").inputs["spec"]["template"]["spec"]


def test_the_leader_reads_published_versions_and_writes_none(pulumi_run: Mocks) -> None:
    found = run(pulumi_run)
    pods = spec(found, "Deployment")
    assert restricted_violations(pods) == []
    deployment = found.one("kubernetes:apps/v1:Deployment").inputs["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    assert found.one("kubernetes:apps/v1:Deployment").inputs["metadata"]["annotations"] == ONE_POD
    for container in pods["containers"]:
        claim = next(mount for mount in container["volumeMounts"] if mount["name"] == "claim")
        assert claim == {
            "name": "claim",
            "mountPath": "/models/versions",
            "subPath": "models/versions",
            "readOnly": True,
        }
        assert container["resources"]["limits"]["memory"]
    assert pods["automountServiceAccountToken"] is False
    web = pods["containers"][0]
    assert web["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert web["image"].startswith("docker.io/nginxinc/nginx-unprivileged:")
    assert found.outputs["service"].value == "leader"
    service = found.one("kubernetes:core/v1:Service").inputs["metadata"]
    assert service["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_each_has_its_own_user_of_nats_and_no_other(pulumi_run: Mocks) -> None:
    found = run(pulumi_run)
    secrets = {r.inputs["metadata"]["name"]: r for r in found.registrations if r.type == "kubernetes:core/v1:Secret"}
    assert sorted(secrets["leader-leader"].inputs["data"]) == ["LEADER_PASSWORD", "LEADER_USER"]
    assert sorted(secrets["leader-follower"].inputs["data"]) == ["FOLLOWER_PASSWORD", "FOLLOWER_USER"]
    assert "hunter2" not in str([r.inputs for r in found.registrations])
    for kind, secret, prefix in (
        ("Deployment", "leader-leader", "LEADER"),
        ("DaemonSet", "leader-follower", "FOLLOWER"),
    ):
        env = {v["name"]: v for container in spec(found, kind)["containers"] for v in container.get("env", [])}
        assert env["KS_NATS_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": secret, "key": f"{prefix}_PASSWORD"}
    web = spec(found, "Deployment")["containers"][0]
    assert "KS_NATS" not in str(web)
    theirs = run(pulumi_run, nats={"url": NATS["url"], "credentials_secret": "theirs"})
    assert not [r for r in theirs.registrations if r.type == "kubernetes:core/v1:Secret"]


def test_a_follower_mounts_the_cache_and_of_the_certificate_only_who_signs_it(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, node_label="models")
    pods = spec(found, "DaemonSet")
    assert restricted_violations(pods) == []
    volumes = {volume["name"]: volume for volume in pods["volumes"]}
    assert volumes["models-cache"]["persistentVolumeClaim"]["claimName"] == "models-cache"
    assert "weights" not in str(pods)
    items = [source["secret"]["items"] for source in volumes["trust"]["projected"]["sources"]]
    assert items == [[{"key": "ca.crt", "path": "leader.crt"}], [{"key": "ca.crt", "path": "nats.crt"}]]
    (term,) = pods["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "models", "operator": "Exists"}]


def test_who_may_reach_whom(pulumi_run: Mocks) -> None:
    found = run(pulumi_run)
    policies = [
        {"metadata": {"namespace": "kotaemon", **r.inputs["metadata"]}, "spec": r.inputs["spec"]}
        for r in found.registrations
        if r.type == "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    ]
    nats, stranger = Peer("nats", {"app": "nats"}), Peer("kotaemon", {"app": "stranger"})
    for client in (APP, NODE):
        assert allows(policies, client, LED, 8443)
    assert not allows(policies, stranger, LED, 8443)
    for source in (LED, NODE):
        assert allows(policies, source, nats, 4222)
        assert not allows(policies, source, nats, 8222)
        assert not allows(policies, source, Peer(ip="203.0.113.9"), 443)
    assert not allows(policies, stranger, NODE, 8443)


def test_without_nats_nobody_follows(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, nats=None, cache={"kind": ModelCacheKind.EPHEMERAL, "limit": "40Gi"})
    assert not [r for r in found.registrations if r.type.endswith((":DaemonSet", ":Secret"))]
    assert [container["name"] for container in spec(found, "Deployment")["containers"]] == ["web"]


def test_the_applications_pods_pull_and_mount_no_claim_of_models() -> None:
    app = scaled(
        models={"cache": LOCAL, "leader": LEADER},
        storage=scaled_args()["storage"] | {"models": on(WRITER, Role.MODELS)},  # type: ignore[arg-type]
    )
    template = pod(app)
    assert "weights" not in str(template)
    fill = next(c for c in template["spec"]["initContainers"] if c["name"] == "fill-models")
    env = {v["name"]: v.get("value") for v in fill["env"]}
    assert env["KS_MODELS_CA"] == "/etc/kotaemon-trust/leader.crt"
    assert env["KS_MODELS_LEADER"] == "https://leader.kotaemon.svc:8443"
    assert "KS_MODELS_SHARED" not in env
    assert "KS_NATS_URL" not in str(template)
    assert mounts(fill)["/etc/kotaemon-trust"]["readOnly"] is True
    assert mounts(template["spec"]["containers"][0])["/app/models"]["name"] == "models-cache"


def test_a_disk_of_one_node_is_allowed_for_models_with_a_leader_alone() -> None:
    disk = {"storage": scaled_args()["storage"] | {"models": on(WRITER, Role.MODELS)}}  # type: ignore[arg-type]
    assert [m for m in check_kotaemon("kotaemon", scaled_args(**disk, models={"cache": LOCAL})) if "ReadWriteMany" in m]
    assert check_kotaemon("kotaemon", scaled_args(**disk, models={"cache": LOCAL, "leader": LEADER})) == []
    (shared,) = check_kotaemon(
        "kotaemon",
        scaled_args(
            models={"cache": LOCAL, "leader": LEADER},
            storage={
                **scaled_args()["storage"],
                "models": on(FILES, Role.MODELS),
                "indexes": on(FILES | {"name": "other"}, Role.INDEXES),
                "uploads": on(FILES, Role.UPLOADS),
                "logs": on(FILES | {"name": "other"}, Role.LOGS),
                "eval": on(FILES | {"name": "other"}, Role.EVAL),
            },
        ),  # type: ignore[arg-type]
    )
    assert shared.startswith("models.leader: the leader alone mounts the claim files, and the role uploads")
    (none,) = check_kotaemon("kotaemon", scaled_args(**disk, models={"leader": LEADER}))
    assert none.startswith("models.leader: needs a cache")


def test_the_job_of_a_release_runs_beside_the_leader() -> None:
    given = ModelReleasesArgs(
        namespace="kotaemon", application="kotaemon", models=on(WRITER, Role.MODELS), leader="leader"
    )  # type: ignore[arg-type]
    job = manifest(cron_job_spec("models", given, "scripts", "models"))["jobTemplate"]["spec"]["template"]["spec"]
    (term,) = job["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"] == LED.labels
    assert term["topologyKey"] == "kubernetes.io/hostname"


def test_what_the_cluster_imposes_stays() -> None:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    arm = {"key": "arch", "operator": "In", "values": ["arm64"]}
    given = ClusterImposes(
        affinity={
            "nodeAffinity": {required: {"nodeSelectorTerms": [{"matchExpressions": [arm]}]}},
            "podAffinity": {required: [{"topologyKey": "zone"}]},
        }
    )
    nodes = on_nodes_with(given, "models").get("affinity", {})
    assert nodes["nodeAffinity"][required]["nodeSelectorTerms"] == [
        {"matchExpressions": [arm, {"key": "models", "operator": "Exists"}]}
    ]
    near = beside(given, {"app": "x"}).get("affinity", {})
    assert [term["topologyKey"] for term in near["podAffinity"][required]] == ["zone", "kubernetes.io/hostname"]
    assert given["affinity"]["podAffinity"][required] == [{"topologyKey": "zone"}]  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cache": {"kind": ModelCacheKind.IMAGE, "image": "r/x:1"}, "nats": None}, "cache: an image"),
        ({"cache": {"kind": ModelCacheKind.EPHEMERAL, "limit": "4Gi"}}, "nats.url: a cache of kind ephemeral"),
        ({"nats": NATS | {"url": "nats://nats.nats.svc:4222"}}, "nats.url: 'nats://"),
        ({"nats": NATS | {"url": "tls://169.254.169.254:4222"}}, "link-local"),
        ({"nats": NATS | {"url": "tls://nats.example.com:4222"}}, "nats.server: missing"),
        ({"nats": {"url": NATS["url"]}}, "nats.credentials: give either"),
        ({"nats": {"url": NATS["url"], "credentials": {"LEADER_USER": "x"}}}, "nats.credentials: LEADER_USER is not"),
        ({"nats": NATS | {"replicas": 2}}, "nats.replicas: 2"),
        ({"nats": NATS | {"stream": "a.b"}}, "nats.stream: 'a.b'"),
        ({"models": on(WRITER | {"medium": Medium.OBJECT}, Role.MODELS)}, "models: the claim weights is object"),  # type: ignore[arg-type]
    ],
)
def test_mistakes(changes: dict[str, Any], words: str) -> None:
    found = check("leader", args(**changes))
    assert [line for line in found if words in line], found
    with pytest.raises(pulumi.RunError):
        ModelSharing("leader", args(**changes))
