"""Each rule: a compliant, a violating, a missing and a configured case, with the exact message."""

from typing import Any, NamedTuple

import pytest

from policy import RULES, check
from policy.resource import UNKNOWN, Given
from tests.policy.resources import (
    CLAIM,
    CONTAINER,
    DEPLOY,
    DEPLOYMENT,
    DISK_VOLUME,
    EBS_CLASS,
    KEY,
    NFS_VOLUME,
    RDS,
    RWO_CLAIM,
    STORAGE_CLASS,
    VOLUME,
    changed,
    resource,
)

RDS_TYPE = "aws:rds/instance:Instance"
OPENZFS = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
NAS_RULE = "alicloud:nas/accessRule:AccessRule"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LUSTRE = "aws:fsx/lustreFileSystem:LustreFileSystem"
NAS = "alicloud:nas/fileSystem:FileSystem"
EFS_POINT = "aws:efs/accessPoint:AccessPoint"
HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


class Case(NamedTuple):
    rule: str
    about: str
    resources: list[Given]
    messages: list[str]
    config: dict[str, Any] = {}


def one(rule: str, about: str, type_: str, inputs: dict[str, Any], *messages: str, **config: Any) -> Case:
    return Case(rule, about, [resource(type_, inputs)], list(messages), config)


def kms(key: Any) -> list[dict[str, Any]]:
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}]


def export(options: list[str], clients: str = "10.0.0.0/16") -> dict[str, Any]:
    configured = [{"clients": clients, "options": options}]
    return {"rootVolumeConfiguration": {"nfsExports": {"clientConfigurations": configured}}}


def group(cidr: str, low: int = 2049, high: int = 2049, protocol: str = "tcp") -> dict[str, Any]:
    return {"ingress": [{"protocol": protocol, "fromPort": low, "toPort": high, "cidrBlocks": [cidr]}]}


def balancer(ranges: list[str] | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "LoadBalancer", "ports": [{"port": 443.0}]}
    return {"spec": spec | ({"loadBalancerSourceRanges": ranges} if ranges else {})}


def network_policy(peers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"spec": {"ingress": [{"from": peers, "ports": [{"port": 7860}]}]}}


def env(name: str, **value: Any) -> dict[str, Any]:
    return changed(DEPLOYMENT, f"{CONTAINER}/env/0", {"name": name, **value})


def scaled(replicas: int) -> Given:
    return resource(DEPLOY, changed(DEPLOYMENT, "spec/replicas", float(replicas)))


ENCRYPTION = [
    one("customer-key", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one("customer-key", "unknown key", STORAGE_CLASS, changed(EBS_CLASS, "parameters/kmsKeyId", UNKNOWN)),
    one("customer-key", "class of somebody else", STORAGE_CLASS, {"provisioner": "rancher.io/local-path"}),
    one(
        "customer-key",
        "class without a key",
        STORAGE_CLASS,
        changed(EBS_CLASS, "parameters/kmsKeyId"),
        "parameters.kmsKeyId is missing, so the provider takes a key of its own; name your key",
    ),
    one(
        "customer-key",
        "class without anything",
        STORAGE_CLASS,
        changed(EBS_CLASS, "parameters"),
        "parameters.encrypted is missing; it must be true",
        "parameters.kmsKeyId is missing, so the provider takes a key of its own; name your key",
    ),
    one(
        "customer-key",
        "key of AWS",
        LUSTRE,
        {"kmsKeyId": "arn:aws:kms:eu-central-1:111122223333:alias/aws/fsx"},
        "kmsKeyId is arn:aws:kms:eu-central-1:111122223333:alias/aws/fsx, a key of the provider that you can neither "
        "revoke nor share; name your key",
    ),
    one("customer-key", "compliant NAS", NAS, {"encryptType": 2.0, "kmsKeyId": "key-1"}),
    one(
        "customer-key",
        "NAS's own key",
        NAS,
        {"encryptType": 1.0, "kmsKeyId": "key-1"},
        "encryptType is 1.0; it must be 2",
    ),
    one(
        "customer-key",
        "database in plain text",
        RDS_TYPE,
        changed(RDS, "storageEncrypted", False),
        "storageEncrypted is false; it must be true",
    ),
    one("customer-key", "replica", RDS_TYPE, {"replicateSourceDb": "other"}),
    one("customer-key", "configured key", LUSTRE, {"kmsKeyId": KEY}, keys=["arn:aws:kms:*:111122223333:key/*"]),
    one(
        "customer-key",
        "another key than configured",
        LUSTRE,
        {"kmsKeyId": KEY},
        f"kmsKeyId is {KEY}; the configuration allows arn:aws:kms:*:999999999999:key/*",
        keys=["arn:aws:kms:*:999999999999:key/*"],
    ),
    one("bucket-key", "inline", BUCKET, {"serverSideEncryptionConfiguration": {"rule": kms(KEY)[0]}}),
    one(
        "bucket-key",
        "missing",
        BUCKET,
        {},
        "has no encryption with a key of your own: add a server-side encryption with KMS and its key",
    ),
    Case(
        "bucket-key",
        "beside it, by its URN",
        [resource(BUCKET, {}, urn="u"), resource(SSE, {"bucket": UNKNOWN, "rules": kms(KEY)}, depends_on=("u",))],
        [],
    ),
    Case(
        "bucket-key",
        "beside it, by its name",
        [resource(BUCKET, {"bucket": "b"}), resource(SSE, {"bucket": "b", "rules": kms(KEY)})],
        [],
    ),
    Case(
        "bucket-key",
        "beside another one",
        [resource(BUCKET, {}, urn="u"), resource(SSE, {"bucket": UNKNOWN, "rules": kms(KEY)}, depends_on=("v",))],
        ["has no encryption with a key of your own: add a server-side encryption with KMS and its key"],
    ),
    one(
        "bucket-key",
        "keys of OSS",
        "alicloud:oss/bucket:Bucket",
        {"serverSideEncryptionRule": {"sseAlgorithm": "AES256"}},
        "is encrypted by AES256, with keys of the provider; it must be KMS with your key",
    ),
    one(
        "bucket-key",
        "configured",
        BUCKET,
        {"serverSideEncryptionConfiguration": {"rule": kms("key-2")[0]}},
        "kmsMasterKeyId is key-2; the configuration allows key-1",
        keys=["key-1"],
    ),
]
ZONES = [
    one("zone-affinity", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one(
        "zone-affinity",
        "regional disk",
        STORAGE_CLASS,
        {"provisioner": "diskplugin.csi.alibabacloud.com"} | {"parameters": {"type": "cloud_regional_disk_auto"}},
    ),
    one("zone-affinity", "unknown zones", STORAGE_CLASS, changed(EBS_CLASS, "allowedTopologies", UNKNOWN)),
    one(
        "zone-affinity",
        "immediate",
        STORAGE_CLASS,
        changed(EBS_CLASS, "volumeBindingMode", "Immediate"),
        "volumeBindingMode is Immediate: the disk is made before the pod has a zone; it must be WaitForFirstConsumer",
    ),
    one(
        "zone-affinity",
        "missing",
        STORAGE_CLASS,
        {"provisioner": "ebs.csi.aws.com"},
        "volumeBindingMode is missing, which means Immediate: the disk is made before the pod has a zone; it must be "
        "WaitForFirstConsumer",
        "allowedTopologies names no zones: a disk may be made where no node ever is",
    ),
    one("zone-affinity", "compliant volume", VOLUME, DISK_VOLUME),
    one("zone-affinity", "NFS is everywhere", VOLUME, NFS_VOLUME),
    one(
        "zone-affinity",
        "volume without affinity",
        VOLUME,
        changed(DISK_VOLUME, "spec/nodeAffinity"),
        "has no nodeAffinity for its zone: the scheduler puts pods into zones where the disk cannot be attached",
    ),
    one("zone-affinity", "configured zone", STORAGE_CLASS, EBS_CLASS, zones=["eu-central-1a"]),
    one(
        "zone-affinity",
        "another zone than configured",
        VOLUME,
        DISK_VOLUME,
        "the zone eu-central-1a is not one of eu-central-1b",
        zones=["eu-central-1b"],
    ),
]
PODS = [
    one("pod-user", "compliant", DEPLOY, DEPLOYMENT),
    one(
        "pod-user",
        "root",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/securityContext", {"runAsUser": 0.0}),
        "container app: runAsUser is 0: root of the pod is root on every shared file",
    ),
    one(
        "pod-user",
        "missing",
        DEPLOY,
        changed(DEPLOYMENT, "spec/template/spec/securityContext"),
        "container app: runAsUser is missing: files on a claim get the image's user, and the next image cannot open them",
        "container app: runAsGroup is missing: files on a claim get the image's group, and the next image cannot open "
        "them",
        "container app: runAsNonRoot is not true and runAsUser is missing: an image without USER runs as root",
    ),
    one(
        "pod-user",
        "privileged",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/securityContext", {"privileged": True, "allowPrivilegeEscalation": True}),
        "container app: privileged is true: it can do anything on its node",
        "container app: allowPrivilegeEscalation is true; it must be false",
    ),
    one("pod-user", "configured", DEPLOY, DEPLOYMENT, runAsUser=1001, runAsGroup=1001),
    one(
        "pod-user",
        "another user than configured",
        DEPLOY,
        DEPLOYMENT,
        "container app: runAsUser is 1001; the configuration wants 1000",
        runAsUser=1000,
    ),
    one("pod-user", "compliant access point", EFS_POINT, {"posixUser": {"uid": 1001.0, "gid": 1001.0}}),
    one(
        "pod-user",
        "access point without a user",
        EFS_POINT,
        {},
        "posixUser is missing: every client keeps the user it claims to be, root included",
    ),
    one(
        "pod-user",
        "root's access point",
        EFS_POINT,
        {"posixUser": {"uid": 0, "gid": 1001}},
        "posixUser.uid is 0: every client is root",
    ),
]
NETWORK = [
    one("root-squash", "squashed", OPENZFS, export(["rw", "all_squash"])),
    one("root-squash", "root of the nodes", OPENZFS, export(["rw", "no_root_squash"])),
    one("root-squash", "missing exports", OPENZFS, {}),
    one(
        "root-squash",
        "root of the world",
        OPENZFS,
        export(["rw", "no_root_squash"], "*"),
        "options hold no_root_squash for *: any host is root on all files",
    ),
    one(
        "root-squash",
        "NAS, missing",
        NAS_RULE,
        {"sourceCidrIp": "0.0.0.0/0"},
        "userAccessType is missing, which means no_squash for 0.0.0.0/0: any host is root on all files",
    ),
    one(
        "root-squash-advised", "squashed NAS", NAS_RULE, {"userAccessType": "root_squash", "sourceCidrIp": "10.0.0.0/8"}
    ),
    one("root-squash-advised", "missing exports", OPENZFS, {}),
    one(
        "root-squash-advised",
        "root of the nodes",
        OPENZFS,
        export(["rw", "no_root_squash"]),
        "options hold no_root_squash for 10.0.0.0/16: root of any node is root on all files; squash once the role "
        "folders are made",
    ),
    one("no-world-open", "compliant rule", INGRESS, {"cidrIpv4": "10.0.0.0/8", "fromPort": 2049.0, "toPort": 2049.0}),
    one("no-world-open", "missing source", INGRESS, {"referencedSecurityGroupId": UNKNOWN}),
    one(
        "no-world-open",
        "rule",
        INGRESS,
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 2049.0, "toPort": 2050.0},
        "is open to 0.0.0.0/0 on ports 2049 to 2050; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "group",
        GROUP,
        group("0.0.0.0/0"),
        "is open to 0.0.0.0/0 on port 2049; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "group with every port",
        GROUP,
        group("::/0", 0, 0, "-1"),
        "is open to ::/0 on all ports; name the networks of the clients",
    ),
    one("no-world-open", "configured port", GROUP, group("0.0.0.0/0", 443, 443), ports=[443]),
    one(
        "no-world-open",
        "more than the configured port",
        GROUP,
        group("0.0.0.0/0", 443, 444),
        "is open to 0.0.0.0/0 on ports 443 to 444; name the networks of the clients",
        ports=[443, 444],
    ),
    one(
        "no-world-open",
        "Alibaba Cloud's group",
        "alicloud:ecs/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "cidrIp": "0.0.0.0/0", "portRange": "22/22"},
        "is open to 0.0.0.0/0 on port 22; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "white list of a database",
        "alicloud:rds/instance:Instance",
        {"securityIps": ["10.0.0.0/8", "0.0.0.0/0"]},
        "is open to 0.0.0.0/0 on all ports; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "public database",
        RDS_TYPE,
        changed(RDS, "publiclyAccessible", True),
        "publiclyAccessible is true: the database has a public address",
    ),
    one("no-world-open", "export", OPENZFS, export(["rw"], "*"), "exports to *; name the networks of the nodes"),
    one("no-world-open", "load balancer with ranges", "kubernetes:core/v1:Service", balancer(["10.0.0.0/8"])),
    one(
        "no-world-open",
        "load balancer",
        "kubernetes:core/v1:Service",
        balancer(None),
        "is open to 0.0.0.0/0 on port 443; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "network policy with peers",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        network_policy([{"podSelector": {}}]),
    ),
    one(
        "no-world-open",
        "network policy without peers",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        network_policy([]),
        "is open to 0.0.0.0/0 on port 7860; name the networks of the clients",
    ),
]
RETENTION = [
    one("data-is-kept", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one("data-is-kept", "compliant claim", CLAIM, RWO_CLAIM),
    one(
        "data-is-kept",
        "missing policy of a class",
        STORAGE_CLASS,
        changed(EBS_CLASS, "reclaimPolicy"),
        "reclaimPolicy is missing, which means Delete: the disk goes with its claim; it must be Retain",
    ),
    one(
        "data-is-kept",
        "volume",
        VOLUME,
        changed(DISK_VOLUME, "spec/persistentVolumeReclaimPolicy", "Delete"),
        "persistentVolumeReclaimPolicy is Delete: the data goes with the claim; it must be Retain",
    ),
    Case(
        "data-is-kept",
        "neither protected nor retained",
        [resource(CLAIM, RWO_CLAIM, protect=False, retain_on_delete=False)],
        ["is not protected: set the option protect", "is deleted with its stack: set the option retainOnDelete"],
    ),
    Case("data-is-kept", "retention unknown", [resource(CLAIM, RWO_CLAIM, retain_on_delete=None)], []),
    Case(
        "data-is-kept",
        "second name of a static volume",
        [resource(CLAIM, {"spec": {"volumeName": UNKNOWN}}, protect=False, retain_on_delete=False)],
        [],
    ),
    one(
        "data-is-kept",
        "database",
        RDS_TYPE,
        changed(changed(RDS, "skipFinalSnapshot", True), "deletionProtection"),
        "skipFinalSnapshot is true: the last state is lost with the instance",
        "deletionProtection is not true: anybody with the right can delete it in the console",
    ),
    one(
        "data-is-kept",
        "bucket",
        BUCKET,
        {"forceDestroy": True},
        "forceDestroy is true: a deletion empties the bucket first",
    ),
    Case(
        "data-is-kept",
        "configured",
        [resource(CLAIM, RWO_CLAIM, protect=False, retain_on_delete=False)],
        [],
        {"protect": False},
    ),
]
BUCKETS = [
    one("no-public-bucket", "compliant", BUCKET, {"acl": "private"}),
    one("no-public-bucket", "missing", BUCKET, {}),
    one(
        "no-public-bucket",
        "ACL",
        "aws:s3/bucketAcl:BucketAcl",
        {"acl": "public-read"},
        "acl is public-read; it must be private",
    ),
    one(
        "no-public-bucket",
        "ACL of OSS",
        "alicloud:oss/bucketAcl:BucketAcl",
        {"acl": "public-read-write"},
        "acl is public-read-write; it must be private",
    ),
    one(
        "no-public-bucket",
        "block with a hole",
        BLOCK,
        {"blockPublicAcls": True, "blockPublicPolicy": False, "ignorePublicAcls": True},
        "blockPublicPolicy is false; it must be true",
        "restrictPublicBuckets is missing, which means false; it must be true",
    ),
    one(
        "no-public-bucket",
        "policy",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": '{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}}'},
        "policy allows s3:GetObject to everybody, without a condition",
    ),
    one("no-public-bucket", "unknown policy", "aws:s3/bucketPolicy:BucketPolicy", {"policy": UNKNOWN}),
    one("no-public-bucket", "configured", BUCKET, {"bucket": "site-prod", "acl": "public-read"}, public=["site-*"]),
]
SECRETS = [
    one("no-plaintext-secret", "compliant", DEPLOY, env("OPENAI_API_KEY", valueFrom={"secretKeyRef": {}})),
    one("no-plaintext-secret", "missing value", DEPLOY, env("OPENAI_API_KEY")),
    one("no-plaintext-secret", "number of tokens", DEPLOY, env("MAX_TOKENS", value="1000")),
    one("no-plaintext-secret", "URL without a password", DEPLOY, env("URL", value="http://qdrant:6333")),
    one("no-plaintext-secret", "filled in by the kubelet", DEPLOY, env("URL", value="postgresql://u:$(PASSWORD)@db/x")),
    one(
        "no-plaintext-secret",
        "by its name",
        DEPLOY,
        env("OPENAI_API_KEY", value="x"),
        "container app: the variable OPENAI_API_KEY is a secret in plain text; take it from a Secret "
        "(valueFrom.secretKeyRef)",
    ),
    one(
        "no-plaintext-secret",
        "by its value",
        DEPLOY,
        env("DATABASE", value="postgresql://kotaemon:hunter2@db:5432/x"),
        "container app: the variable DATABASE holds a password in a URL; take it from a Secret",
    ),
    one(
        "no-plaintext-secret",
        "command line",
        DEPLOY,
        changed(DEPLOYMENT, f"{CONTAINER}/args", ["--password=hunter2"]),
        "container app: args holds a password on a command line",
    ),
    one(
        "no-plaintext-secret",
        "no password on a command line",
        CONFIG_MAP,
        {
            "data": {
                "run.sh": 'psql --no-password --quiet\nrun --password "$PASSWORD" --token=$TOKEN --password-file=/run/p'
            }
        },
    ),
    one(
        "no-plaintext-secret",
        "ConfigMap",
        CONFIG_MAP,
        {"data": {"settings.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'"}},
        "data.settings.py holds an AWS access key",
    ),
    Case(
        "no-plaintext-secret",
        "Secret that is none in the program",
        [resource(SECRET, {"data": {"password": "aHVudGVyMg=="}}, secret_keys=frozenset())],
        ["data is plain text in the state; give it as a secret (pulumi.Output.secret, config --secret)"],
    ),
    Case(
        "no-plaintext-secret",
        "Secret",
        [resource(SECRET, {"data": {"password": "aHVudGVyMg=="}}, secret_keys=frozenset({"data"}))],
        [],
    ),
    Case("no-plaintext-secret", "nobody can tell", [resource(SECRET, {"data": {"a": "b"}}, secret_keys=None)], []),
    one("no-plaintext-secret", "configured", DEPLOY, env("SESSION_TOKEN", value="off"), names=["SESSION_TOKEN"]),
]
SHARING = [
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
IMAGE = f"{CONTAINER}/image"
DIGEST = "app@sha256:" + "0" * 64
IMAGES = [
    one("image-pinned", "version", DEPLOY, DEPLOYMENT),
    one("image-pinned", "digest", DEPLOY, changed(DEPLOYMENT, IMAGE, DIGEST), digest=True),
    one("image-pinned", "unknown", DEPLOY, changed(DEPLOYMENT, IMAGE, UNKNOWN)),
    one("image-pinned", "missing", DEPLOY, changed(DEPLOYMENT, IMAGE), "container app: image is missing"),
    one(
        "image-pinned",
        "no tag, registry with a port",
        DEPLOY,
        changed(DEPLOYMENT, IMAGE, "localhost:5000/app"),
        "container app: the image localhost:5000/app has no tag, which means latest; pin a version or a digest",
    ),
    one(
        "image-pinned",
        "moving tag",
        DEPLOY,
        changed(DEPLOYMENT, IMAGE, "app:main-lite"),
        "container app: the image app:main-lite follows the tag main-lite, which moves; pin a version or a digest",
    ),
    one(
        "image-pinned",
        "configured digest",
        DEPLOY,
        DEPLOYMENT,
        "container app: the image registry.example.com/app:1.2.3 has no digest (@sha256:...)",
        digest=True,
    ),
    one(
        "image-pinned",
        "configured registry",
        DEPLOY,
        DEPLOYMENT,
        "container app: the image registry.example.com/app:1.2.3 is from none of the allowed registries registry.example.co",
        registries=["registry.example.co"],
    ),
]
CASES = [*ENCRYPTION, *ZONES, *PODS, *NETWORK, *RETENTION, *BUCKETS, *SECRETS, *SHARING, *IMAGES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.about}")
def test_rule(case: Case) -> None:
    found = check(case.resources, {case.rule: case.config} if case.config else {})
    assert [v.message for v in found if v.rule == case.rule] == case.messages


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_four_cases(rule: Any) -> None:
    own = [case for case in CASES if case.rule == rule.name]
    assert [case for case in own if not case.messages and not case.config], "compliant"
    assert [case for case in own if case.messages and not case.config], "violating"
    assert [case for case in own if "missing" in case.about or "without" in case.about], "missing"
    assert [case for case in own if case.config] or not rule.settings, "configured"


@pytest.mark.parametrize("case", [c for c in CASES if c.messages], ids=lambda case: f"{case.rule}: {case.about}")
def test_exceptions_need_a_reason_and_stop_nothing(case: Case) -> None:
    names = {r.name: "agreed with the security team" for r in case.resources}
    found = [v for v in check(case.resources, {case.rule: {**case.config, "except": names}}) if v.rule == case.rule]
    assert [v.message for v in found] == case.messages
    assert {v.excepted for v in found} == {"agreed with the security team"}
    assert not any(v.stops for v in found)


def test_nothing_told_is_a_secret() -> None:
    told = [message for case in SECRETS for message in case.messages]
    assert not [m for m in told for secret in ("hunter2", "AKIAIOSFODNN7EXAMPLE", "aHVudGVyMg==") if secret in m]
