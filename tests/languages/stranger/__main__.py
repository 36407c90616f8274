"""What somebody else might write: a disk in clear, one under half a key, a volume that goes with its claim, two writers."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

cluster = k8s.Provider("cluster", kubeconfig=pulumi.Config().require("kubeconfig"))
cloud = aws.Provider("aws", region="eu-central-1")
on_aws = pulumi.ResourceOptions(provider=cloud, protect=True)
in_cluster = pulumi.ResourceOptions(provider=cluster, protect=True)

no_wait = {"pulumi.com/skipAwait": "true"}  # nothing makes the volume of this claim

key = aws.kms.Key("key", opts=on_aws)
aws.ebs.Volume("clear", availability_zone="eu-central-1a", size=10, encrypted=False, kms_key_id=key.arn, opts=on_aws)
# The key is not known in a preview; that the switch is missing is known.
aws.ebs.Volume("half", availability_zone="eu-central-1a", size=10, kms_key_id=key.arn, opts=on_aws)
k8s.core.v1.PersistentVolume(
    "volume",
    metadata={"name": "of-a-stranger"},
    spec={
        "capacity": {"storage": "10Gi"},
        "access_modes": ["ReadWriteMany"],
        "persistent_volume_reclaim_policy": "Delete",
        "nfs": {"server": "nfs.example.com", "path": "/"},
    },
    opts=in_cluster,
)
k8s.core.v1.PersistentVolumeClaim(
    "claim",
    metadata={"name": "data", "namespace": "default", "annotations": no_wait},
    spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    opts=in_cluster,
)
k8s.apps.v1.Deployment(
    "writers",
    metadata={"name": "writers", "namespace": "default", "annotations": no_wait},
    spec={
        "replicas": 2,
        "selector": {"match_labels": {"app": "writers"}},
        "template": {
            "metadata": {"labels": {"app": "writers"}},
            "spec": {
                "security_context": {
                    "run_as_non_root": True,
                    "run_as_user": 1000,
                    "run_as_group": 1000,
                    "fs_group": 1000,
                },
                "containers": [{"name": "writer", "image": "example.com/writer:1.0"}],
                "volumes": [{"name": "data", "persistent_volume_claim": {"claim_name": "data"}}],
            },
        },
    },
    opts=in_cluster,
)
