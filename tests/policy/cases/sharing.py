"""Cases of the rules about claims under several pods."""

from typing import Any

from policy.resource import Given
from tests.policy.cases.case import Case
from tests.policy.resources import CLAIM, CONTAINER, DEPLOY, DEPLOYMENT, RWO_CLAIM, changed, resource

HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"


def scaled(replicas: int) -> Given:
    return resource(DEPLOY, changed(DEPLOYMENT, "spec/replicas", float(replicas)))


JOB = "kubernetes:batch/v1:Job"
BESIDE = (
    "mounts the claim {claim}, which is {mode}, beside {other}: on another node its pod waits for ever, on the same one "
    "both write; a claim of its own, or one that is ReadWriteMany"
)


def on(claim: str, path: str = "spec/replicas", value: Any = 1.0) -> dict[str, Any]:
    """The Deployment on another claim, with one value changed."""
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    return changed(changed(DEPLOYMENT, "spec/template/spec/volumes", [volume]), path, value)


def job(*, follows: bool = False) -> dict[str, Any]:
    """A Job on the claim of the Deployment."""
    pod: dict[str, Any] = dict(DEPLOYMENT["spec"]["template"]["spec"])
    if follows:
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "app"}}}
        pod["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return {"metadata": {"namespace": "app", "name": "copy"}, "spec": {"template": {"spec": pod}}}


def stateful(replicas: int) -> Given:
    """A StatefulSet whose controller makes a claim for each pod."""
    pod = {k: v for k, v in DEPLOYMENT["spec"]["template"]["spec"].items() if k != "volumes"}
    template = {"metadata": {"name": "files"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    spec = {"replicas": float(replicas), "template": {"spec": pod}, "volumeClaimTemplates": [template]}
    return resource("kubernetes:apps/v1:StatefulSet", {"metadata": {"namespace": "app", "name": "db"}, "spec": spec})


SQLITE = (
    "container app: DATABASE_URL names a SQLite database, and up to {pods} pods share the claim: SQLite is for one writer; "
    "one pod, or a database server"
)
SCALER = {
    "metadata": {"namespace": "app", "name": "app"},
    "spec": {"maxReplicas": 4.0, "scaleTargetRef": {"kind": "Deployment", "name": "app"}},
}


def sqlite(replicas: int, url: str = "sqlite:////data/app.db") -> Given:
    env = [{"name": "DATABASE_URL", "value": url}]
    return resource(DEPLOY, changed(changed(DEPLOYMENT, f"{CONTAINER}/env", env), "spec/replicas", float(replicas)))


CASES = [
    Case("replicas-access-mode", "compliant", [resource(CLAIM, RWO_CLAIM), scaled(1)], []),
    Case(
        "replicas-access-mode",
        "two pods",
        [resource(CLAIM, RWO_CLAIM), scaled(2)],
        ["up to 2 pods on the claim data, which is ReadWriteOnce: one pod only, or a claim that is ReadWriteMany"],
    ),
    Case(
        "replicas-access-mode",
        "shared claim",
        [resource(CLAIM, changed(RWO_CLAIM, "spec/accessModes", ["ReadWriteMany"])), scaled(3)],
        [],
    ),
    Case("replicas-access-mode", "claim of another stack", [scaled(3)], []),
    Case(
        "replicas-access-mode",
        "autoscaler",
        [
            resource(CLAIM, RWO_CLAIM),
            scaled(1),
            resource(
                HPA,
                {
                    "metadata": {"namespace": "app"},
                    "spec": {"maxReplicas": 10.0, "scaleTargetRef": {"kind": "Deployment", "name": "app"}},
                },
            ),
        ],
        ["up to 10 pods on the claim data, which is ReadWriteOnce: one pod only, or a claim that is ReadWriteMany"],
    ),
    Case(
        "replicas-access-mode",
        "missing strategy",
        [resource(CLAIM, RWO_CLAIM), resource(DEPLOY, changed(DEPLOYMENT, "spec/strategy"))],
        [
            "rolls over on the claim data, which is ReadWriteOnce: the new pod starts while the old one still writes, "
            "or waits for ever for it to end; the strategy must be Recreate"
        ],
    ),
    Case(
        "replicas-access-mode",
        "a pod on every node",
        [resource(CLAIM, RWO_CLAIM), resource("kubernetes:apps/v1:DaemonSet", DEPLOYMENT)],
        [
            "a pod on every node on the claim data, which is ReadWriteOnce: one pod only, or a claim that is "
            "ReadWriteMany"
        ],
    ),
    Case(
        "replicas-access-mode",
        "configured",
        [resource(CLAIM, RWO_CLAIM), resource(DEPLOY, changed(DEPLOYMENT, "spec/strategy"))],
        [],
        {"recreate": False},
    ),
    Case(
        "replicas-access-mode",
        "patch that raises the replicas",
        [
            resource(CLAIM, RWO_CLAIM),
            scaled(1),
            resource(f"{DEPLOY}Patch", {"metadata": DEPLOYMENT["metadata"], "spec": {"replicas": 3.0}}, "patch"),
        ],
        ["up to 3 pods on the claim data, which is ReadWriteOnce: one pod only, or a claim that is ReadWriteMany"],
    ),
    Case(
        "replicas-access-mode",
        "patch of the claim",
        [
            resource(f"{CLAIM}Patch", {"metadata": RWO_CLAIM["metadata"], "spec": {"accessModes": ["ReadWriteMany"]}}),
            resource(CLAIM, RWO_CLAIM),
            scaled(3),
        ],
        [],
    ),
    Case(
        "replicas-access-mode",
        "patch that rolls",
        [
            resource(CLAIM, RWO_CLAIM),
            scaled(1),
            resource(
                f"{DEPLOY}Patch",
                {"metadata": DEPLOYMENT["metadata"], "spec": {"strategy": {"type": "RollingUpdate"}}},
                "patch",
            ),
        ],
        [
            "rolls over on the claim data, which is ReadWriteOnce: the new pod starts while the old one still writes, "
            "or waits for ever for it to end; the strategy must be Recreate"
        ],
    ),
    Case("replicas-access-mode", "claim templates: one claim a pod", [stateful(3)], []),
    Case(
        "replicas-access-mode",
        "claim of a template under several pods",
        [stateful(2), resource(DEPLOY, on("files-db-1", "spec/replicas", 2.0))],
        [
            "up to 2 pods on the claim files-db-1, which is ReadWriteOnce: one pod only, or a claim that is ReadWriteMany"
        ],
    ),
    Case("one-workload-a-claim", "compliant", [resource(CLAIM, RWO_CLAIM), scaled(1)], []),
    Case("one-workload-a-claim", "missing claim", [scaled(1), resource(JOB, job())], []),
    Case(
        "one-workload-a-claim",
        "a Job beside a Deployment",
        [resource(CLAIM, RWO_CLAIM), scaled(1), resource(JOB, job())],
        [BESIDE.format(claim="data", mode="ReadWriteOnce", other="Deployment app")],
    ),
    Case(
        "one-workload-a-claim",
        "shared claim",
        [
            resource(CLAIM, changed(RWO_CLAIM, "spec/accessModes", ["ReadWriteMany"])),
            scaled(1),
            resource(JOB, job()),
        ],
        [],
    ),
    Case(
        "one-workload-a-claim",
        "a Job that follows the pod to its node",
        [resource(CLAIM, RWO_CLAIM), scaled(1), resource(JOB, job(follows=True))],
        [],
    ),
    Case(
        "one-workload-a-claim",
        "a claim for one pod, which nothing can follow",
        [
            resource(CLAIM, changed(RWO_CLAIM, "spec/accessModes", ["ReadWriteOncePod"])),
            scaled(1),
            resource(JOB, job(follows=True)),
        ],
        [BESIDE.format(claim="data", mode="ReadWriteOncePod", other="Deployment app")],
    ),
    Case(
        "one-workload-a-claim",
        "another namespace",
        [resource(CLAIM, RWO_CLAIM), scaled(1), resource(JOB, changed(job(), "metadata/namespace", "other"))],
        [],
    ),
    Case(
        "one-workload-a-claim",
        "an object and its patch are one workload",
        [resource(CLAIM, RWO_CLAIM), scaled(1), resource(f"{DEPLOY}Patch", DEPLOYMENT, "patch")],
        [],
    ),
    Case(
        "one-workload-a-claim",
        "patch that adds the volume of another",
        [
            resource(CLAIM, RWO_CLAIM),
            resource(f"{DEPLOY}Patch", changed(DEPLOYMENT, "metadata/name", "other"), "patch"),
            scaled(1),
        ],
        [BESIDE.format(claim="data", mode="ReadWriteOnce", other="Deployment other")],
    ),
    Case(
        "one-workload-a-claim",
        "claim that a template makes",
        [resource(DEPLOY, on("files-db-0")), stateful(1)],
        [BESIDE.format(claim="files-db-0", mode="ReadWriteOnce", other="StatefulSet db")],
    ),
    Case("one-workload-a-claim", "number that no pod has", [resource(DEPLOY, on("files-db-7")), stateful(1)], []),
    Case("sqlite-one-writer", "compliant", [sqlite(1)], []),
    Case("sqlite-one-writer", "a server", [sqlite(3, "postgresql://db/rag")], []),
    Case("sqlite-one-writer", "missing value", [scaled(3)], []),
    Case("sqlite-one-writer", "three pods", [sqlite(3)], [SQLITE.format(pods=3)]),
    Case("sqlite-one-writer", "an autoscaler", [sqlite(1), resource(HPA, SCALER)], [SQLITE.format(pods=4)]),
    Case("sqlite-one-writer", "a claim for each pod", [stateful(3)], []),
]
