"""Cases of the rules about claims under several pods."""

from policy.resource import Given
from tests.policy.cases.case import Case
from tests.policy.resources import CLAIM, DEPLOY, DEPLOYMENT, RWO_CLAIM, changed, resource

HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"


def scaled(replicas: int) -> Given:
    return resource(DEPLOY, changed(DEPLOYMENT, "spec/replicas", float(replicas)))


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
]
