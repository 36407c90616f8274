"""Two deployments that people really run, as the resources that Pulumi would see.

One is a Helm chart from a tutorial in Korean, the other is the folder `terraform/` of github.com/tne-ai/kotaemon. They
have only the inputs that the rules read. The names of images are invented.
"""

from typing import Any

from policy.resource import Given

KOREAN_CHART = [
    Given(
        "kubernetes:core/v1:PersistentVolumeClaim",
        "kotaemon-pvc",
        {
            "metadata": {"namespace": "kotaemon", "name": "kotaemon-pvc"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "50Gi"}}},
        },
        retain_on_delete=False,
    ),
    Given(
        "kubernetes:apps/v1:Deployment",
        "kotaemon",
        {
            "metadata": {"namespace": "kotaemon", "name": "kotaemon"},
            "spec": {
                "replicas": 2,
                "template": {
                    "spec": {
                        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
                        "containers": [
                            {
                                "name": "kotaemon",
                                "image": "registry.example.com/kotaemon:latest",
                                "env": [
                                    {"name": "CHROMA_HOST", "value": "chroma"},
                                    {"name": "POSTGRES_HOST", "value": "postgres"},
                                ],
                            }
                        ],
                        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "kotaemon-pvc"}}],
                    }
                },
            },
        },
    ),
    Given(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kotaemon",
        {
            "metadata": {"namespace": "kotaemon", "name": "kotaemon"},
            "spec": {
                "minReplicas": 2,
                "maxReplicas": 10,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "kotaemon"},
            },
        },
    ),
]
"""`replicaCount: 2` and an autoscaler to 10, on one claim for one node."""

_OPEN: dict[str, Any] = {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0"]}
FARGATE_ON_EFS = [
    Given("aws:efs/fileSystem:FileSystem", "data", {"encrypted": True, "throughputMode": "provisioned"}),
    Given(
        "aws:efs/accessPoint:AccessPoint",
        "data",
        {"posixUser": {"uid": 1000, "gid": 1000}, "rootDirectory": {"path": "/kotaemon"}},
    ),
    Given("aws:ec2/securityGroup:SecurityGroup", "balancer", {"ingress": [_OPEN]}),
]
"""ECS tasks, one to five, with SQLite and Chroma on EFS under AWS's own key."""
