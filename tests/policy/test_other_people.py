"""The rules on deployments that other people really run."""

from policy import check
from tests.policy.other_people import FARGATE_ON_EFS, KOREAN_CHART


def test_the_chart_with_two_writers_on_one_disk() -> None:
    assert [v.line for v in check(KOREAN_CHART)] == [
        "mandatory: pod-user, Deployment kotaemon: container kotaemon: runAsGroup is missing: files on a claim get the "
        "image's group, and the next image cannot open them",
        "mandatory: data-is-kept, PersistentVolumeClaim kotaemon-pvc: is not protected: set the option protect",
        "mandatory: data-is-kept, PersistentVolumeClaim kotaemon-pvc: is deleted with its stack: set the option "
        "retainOnDelete",
        "mandatory: replicas-access-mode, Deployment kotaemon: up to 10 pods on the claim kotaemon-pvc, which is "
        "ReadWriteOnce: one pod only, or a claim that is ReadWriteMany",
        "mandatory: image-pinned, Deployment kotaemon: container kotaemon: the image "
        "registry.example.com/kotaemon:latest follows the tag latest, which moves; pin a version or a digest",
    ]


def test_the_file_system_under_a_key_of_the_provider() -> None:
    assert [v.line for v in check(FARGATE_ON_EFS)] == [
        "mandatory: customer-key, FileSystem data: kmsKeyId is missing, so the provider takes a key of its own; name "
        "your key",
        "mandatory: no-world-open, SecurityGroup balancer: is open to 0.0.0.0/0 on port 80; name the networks of the "
        "clients",
        "mandatory: data-is-kept, FileSystem data: is not protected: set the option protect",
    ]
