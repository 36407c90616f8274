"""One change of each field of each settings model, in stacks that together have a claim of each kind and each store.

A test in tests/unit/stacks/test_fields.py holds that no field is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.contract import Platform
from tests.engine.effects import operated
from tests.engine.effects.shapes import FILES, NAMED, ON_CLASS, Set, Stack, Table, roles, server

EU, CN = "eu-central-1", "cn-hangzhou"
THEIR_VOLUME = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "theirs"},
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "capacity": {"storage": "10Gi"},
        "nfs": {"server": "nfs.example.org", "path": "/srv/theirs"},
    },
}
THEIRS = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "theirs", "namespace": "fields-theirs"},
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "",
        "volumeName": "theirs",
    },
}
STACKS: dict[str, Stack] = {
    "fields-private": Stack(
        Platform.PRIVATE,
        {
            "platform": "private",
            "profile": "scaled",
            "storage": {
                "claims": {
                    "files": FILES,
                    "volume": {
                        "kind": "csi-volume",
                        "driver": "files.csi.example.org",
                        "handle": "share-1",
                        "accessMode": "ReadWriteMany",
                        "standsOn": "nfs4",
                        "encryptedBy": "simulated",
                    },
                    "chunks": {"kind": "juicefs", "secret": "jfs", "metadata": "postgresql"},
                },
                "classes": {"dev-block": {"standsOn": "disk", "boundTo": "zone"}},
                "roles": roles("files"),
            },
            "stores": {
                "database": {"kind": "bundled", **ON_CLASS, "backup": {"claim": "files"}},
                "vectorStore": {"kind": "qdrant-bundled", **ON_CLASS, "backup": {"claim": "files"}},
                "documentStore": {**server("elasticsearch", 9200), **NAMED},
            },
        },
    ),
    "fields-theirs": Stack(
        Platform.PRIVATE,
        {
            "platform": "private",
            "profile": "scaled",
            "namespaceExists": True,
            "storage": {
                "claims": {
                    "files": FILES,
                    "theirs": {
                        "kind": "existing-claim",
                        "claim": "theirs",
                        "accessMode": "ReadWriteMany",
                        "standsOn": "nfs4",
                        "encryptedBy": "simulated",
                    },
                },
                "roles": roles("files", eval="theirs"),
            },
            "stores": {
                "database": {"kind": "external", **NAMED, "endpoint": {"cidr": "10.9.0.0/24", "port": 5432}},
                "vectorStore": {**server("milvus", 19530), **NAMED},
                "documentStore": {"kind": "lancedb"},
            },
        },
        lambda: (
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fields-theirs"}},
            THEIR_VOLUME,
            THEIRS,
        ),
    ),
    "fields-aws": Stack(
        Platform.AWS,
        {
            "platform": "aws",
            "profile": "scaled",
            "cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"},
            "aws": {
                "region": EU,
                "account": "111122223333",
                "vpc": "vpc-0a1b2c3d4e5f60718",
                "subnets": {f"{EU}{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "ab"},
                "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718"},
                "nodeGroupRules": True,
                "networks": ["10.0.0.0/16"],
                "routeTables": ["rtb-0a1b2c3d4e5f60718"],
                "keyArn": f"arn:aws:kms:{EU}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "drivers": {"ebs": {"role": "arn:aws:iam::111122223333:role/ebs-csi-driver"}},
                "tags": {"team": "search"},
                "database": {"identifier": "kotaemon", "network": "10.0.0.0/16"},
            },
            "storage": {
                "claims": {
                    "files": {"kind": "efs"},
                    "shared": {"kind": "openzfs", "size": "128Gi", "throughput": 160},
                    "weights": {"kind": "lustre"},
                    "served": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]},
                    "cold": {"kind": "mountpoint-s3"},
                    "objects": {"kind": "s3-files", "prefix": "objects/"},
                },
                "roles": roles("files", models="weights", eval="shared"),
            },
            "bucket": {"name": "acme-cold"},
            "backupCopy": {"region": "eu-west-1", "bucket": "acme-cold-copy"},
            "stores": {"vectorStore": {**server("qdrant", 6333), **NAMED}},
        },
    ),
    "fields-alicloud": Stack(
        Platform.ALICLOUD,
        {
            "platform": "alicloud",
            "profile": "scaled",
            "cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"},
            "alicloud": {
                "region": CN,
                "vpcId": "vpc-bp1exampleexample",
                "vswitches": {f"{CN}-{zone}": f"vsw-bp1example{zone}" for zone in "hi"},
                "clusterCidrs": ["10.0.0.0/16"],
                "key": {"instanceId": "kst-hzz62example"},
                "tags": {"team": "search"},
                "database": {"size": "50Gi"},
            },
            "storage": {
                "claims": {
                    "own": {"kind": "ecs-disk", "size": "50Gi", "zone": f"{CN}-h"},
                    "files": {"kind": "nas", "zone": f"{CN}-h", "storageType": "Performance"},
                    "served": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]},
                    "cold": {"kind": "ossfs", "roleName": "kotaemon-cold"},
                },
                "roles": roles("files"),
            },
            "bucket": {"name": "acme-cold"},
            "stores": {"vectorStore": {**server("qdrant", 6333), **NAMED}},
        },
    ),
}


def with_a_disk(stack: str, disk: dict[str, Any]) -> Stack:
    """A stack in which a disk has roles: only a claim that is bound takes changes."""
    of = STACKS[stack]
    platform: str = of.settings["platform"]
    section = {key: value for key, value in of.settings.get(platform, {}).items() if key != "database"}
    claims = {"files": of.settings["storage"]["claims"]["files"], "disk": disk}
    places = roles("files", indexes="disk") | {"sessions": {"claim": "disk"}}
    settings = {
        **{key: value for key, value in of.settings.items() if key not in ("profile", "stores", platform)},
        **({platform: section} if section else {}),
        "storage": {**of.settings["storage"], "claims": claims, "roles": places},
    }
    return Stack(of.platform, settings)


STACKS[operated.NAME] = operated.STACK
STACKS["fields-private-disk"] = with_a_disk("fields-private", {"kind": "storage-class", **ON_CLASS})
STACKS["fields-private-disk"].settings["storage"]["claims"]["spare"] = {"kind": "storage-class", **ON_CLASS}
STACKS["fields-aws-disk"] = with_a_disk("fields-aws", {"kind": "ebs", "size": "50Gi"})
STACKS["fields-alicloud-disk"] = with_a_disk("fields-alicloud", {"kind": "essd", "size": "50Gi"})


SIZES = {"size": "60Gi"}
SERVER = {
    "encryptedBy": "LUKS",
    "cpuRequest": "300m",
    "memoryRequest": "600Mi",
    "memoryLimit": "3Gi",
    "accessMode": "ReadWriteOnce",
    "backup": {"claim": "volume"},
    "size": "60Gi",
    "storageClass": "other",
}
KEYED = {
    "secretName": "other",
    "secretKey": "other",
    "endpoint": {"cidr": "10.9.1.0/24", "port": 6333},
    "url": "http://other.example.org:6333",
}
FIELDS: dict[tuple[str, str], Table] = {
    **operated.FIELDS,
    ("claim", "nfs"): (
        "fields-private",
        "storage.claims.files",
        {
            "kind": Set(
                "csi-volume",
                {
                    "server": None,
                    "path": None,
                    "driver": "files.csi.example.org",
                    "handle": "share-2",
                    "accessMode": "ReadWriteMany",
                    "standsOn": "nfs4",
                },
            ),
            "size": "200Gi",
            "server": "other.example.org",
            "path": "/srv/other",
            "driver": "csi",
            "allowNolock": Set(True, {"mountOptions": ["nolock"]}),
            "mountOptions": ["nconnect=4"],
            "withoutOptions": ["noatime"],
            "rootOwner": "root",
            "encryptedBy": "LUKS",
        },
    ),
    ("claim", "storage-class"): (
        "fields-private-disk",
        "storage.claims.disk",
        {
            "kind": Set("nfs", {"storageClass": None, "server": "nfs.example.org", "path": "/srv/other"}),
            "size": "60Gi",
            "storageClass": "other",
            "accessMode": "ReadWriteOnce",
            "encryptedBy": "LUKS",
        },
    ),
    ("claim", "mountpoint-s3"): (
        "fields-aws",
        "storage.claims.cold",
        {
            "kind": Set("efs", {}),
            "size": "2Ti",
            "prefix": "other/",
            "readOnly": True,
        },
    ),
    ("claim", "s3-files"): (
        "fields-aws",
        "storage.claims.objects",
        {
            "kind": Set("efs", {"prefix": None}),
            "size": "2Ti",
            "prefix": "other/",
            "mountRole": "arn:aws:iam::111122223333:role/efs-csi-node",
        },
    ),
    ("claim", "ossfs"): (
        "fields-alicloud",
        "storage.claims.cold",
        {
            "kind": Set("nas", {"roleName": None, "zone": f"{CN}-h"}),
            "size": "2Ti",
            "prefix": "other/",
            "readOnly": True,
            "roleName": "another-role",
        },
    ),
    ("claim", "juicefs"): (
        "fields-private",
        "storage.claims.chunks",
        {
            "kind": Set("nfs", {"secret": None, "metadata": None, "server": "nfs.example.org", "path": "/srv/cold"}),
            "size": "2Ti",
            "secret": "other",
            "metadata": "redis",
            "mountOptions": ["cache-size=1024"],
            "mountServiceAccount": "juicefs-cold",
            "encryptedBy": "LUKS",
        },
    ),
    ("bucket", ""): (
        "fields-aws",
        "bucket",
        {
            "name": "acme-colder",
            "versionDays": 60,
            "lifecycle": {"files/": {"afterDays": 30, "storageClass": "GLACIER_IR"}},
        },
    ),
    ("backupCopy", ""): (
        "fields-aws",
        "backupCopy",
        {
            "region": "eu-north-1",
            "bucket": "acme-cold-third",
            "role": "arn:aws:iam::444455556666:role/copies",
            "key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "lock": True,
            "days": 60,
        },
    ),
    ("claim", "csi-volume"): (
        "fields-private",
        "storage.claims.volume",
        {
            "kind": Set("existing-claim", {"driver": None, "handle": None, "claim": "theirs"}),
            "size": "60Gi",
            "accessMode": "ReadWriteOnce",
            "standsOn": "cephfs",
            "realLocks": False,
            "zones": ["zone-a"],
            "encryptedBy": "LUKS",
            "driver": "other.csi.example.org",
            "handle": "share-2",
            "attributes": {"share": "2"},
            "mountOptions": ["noatime"],
            "nodeSecret": "other/keys",
        },
    ),
    ("claim", "existing-claim"): (
        "fields-theirs",
        "storage.claims.theirs",
        {
            "kind": Set("csi-volume", {"claim": None, "driver": "files.csi.example.org", "handle": "share-1"}),
            "size": "60Gi",
            "standsOn": "cephfs",
            "realLocks": False,
            "zones": ["zone-a"],
            "encryptedBy": "LUKS",
            "claim": "other",
        },
    ),
    ("claim", "ebs"): (
        "fields-aws-disk",
        "storage.claims.disk",
        {
            "kind": Set("efs", {"size": None}),
            "size": "60Gi",
            "volumeType": Set("io2", {"iops": 5000}),
            "iops": 5000,
            "throughput": 250,
            "fileSystem": "xfs",
            "zone": f"{EU}a",
            "snapshot": Set("snap-0a1b2c3d4e5f60718", {"zone": f"{EU}a"}),
            "accessMode": "ReadWriteOnce",
            "attributesClass": True,
            "snapshotClass": Set(True, preview_only=True),  # the devcluster has no types of snapshots
        },
    ),
    ("claim", "efs"): (
        "fields-aws",
        "storage.claims.files",
        {
            "kind": "openzfs",
            "size": "200Gi",
            "oneZone": f"{EU}b",
            "backup": False,
            "provisioning": "dynamic",
        },
    ),
    ("claim", "openzfs"): (
        "fields-aws",
        "storage.claims.shared",
        {
            "kind": Set("efs", {"throughput": None}),
            "size": "256Gi",
            "deployment": "SINGLE_AZ_HA_2",
            "throughput": 320,
            "iops": 2000,
            "zones": [f"{EU}b", f"{EU}a"],
            "endpointRange": "198.19.255.0/24",
            "squash": True,
            "backupDays": 9,
            "mountOptions": ["nconnect=4"],
            "driver": "csi",
        },
    ),
    ("claim", "nfs-on-disk"): (
        "fields-aws",
        "storage.claims.served",
        {
            "kind": Set("efs", {"clients": None}),
            "clients": ["10.0.0.0/16", "10.1.0.0/16"],
            "size": "200Gi",
            "path": "/srv/nfs/other",
            "zone": f"{EU}b",
            "address": "10.0.0.9",
            "instanceType": "m7i.large",
            "image": "ami-0a1b2c3d4e5f60718",
            "diskType": Set("io2", {"iops": 5000}),
            "iops": 5000,
            "throughput": 250,
            "snapshotDays": 9,
            "fileSystem": "ext4",
            "squash": "root",
            "threads": 32,
            "alertPercent": 90,
            "mountOptions": ["nconnect=4"],
        },
    ),
    ("claim", "lustre"): (
        "fields-aws",
        "storage.claims.weights",
        {
            "kind": "efs",
            "size": "2400Gi",
            "throughput": 250,
            "metadataIops": 3000,
            "zone": f"{EU}b",
            "squash": True,
            "s3Links": Set([{"path": "/models", "bucketPath": "s3://bucket/models"}], {"backupDays": 0}),
            "backupDays": 9,
        },
    ),
    ("claim", "essd"): (
        "fields-alicloud-disk",
        "storage.claims.disk",
        {
            "kind": Set("ecs-disk", {"size": "60Gi"}),
            "size": "60Gi",
            "accessMode": "ReadWriteOnce",
            "types": ["cloud_essd"],
            "performanceLevel": Set("PL1", {"types": ["cloud_essd"]}),
            "provisionedIops": Set(5000, {"types": ["cloud_auto"]}),
            "bursting": Set(True, {"types": ["cloud_auto"]}),
            "zones": [f"{CN}-h"],
            "topologyKey": "topology.diskplugin.csi.alibabacloud.com/zone",
            "attributesClass": Set(True, {"types": ["cloud_auto"]}),
            "snapshotClass": Set(True, preview_only=True),  # the devcluster has no types of snapshots
        },
    ),
    ("claim", "ecs-disk"): (
        "fields-alicloud",
        "storage.claims.own",
        {
            "kind": Set("essd", {"zone": None}),
            "size": "60Gi",
            "zone": f"{CN}-i",
            "type": "cloud_essd",
            "performanceLevel": Set("PL1", {"type": "cloud_essd"}),
            "provisionedIops": 5000,
            "bursting": True,
            "snapshotDays": 7,
        },
    ),
    ("claim", "nas"): (
        "fields-alicloud",
        "storage.claims.files",
        {
            "kind": Set("essd", {"storageType": None, "zone": None}),
            "size": "200Gi",
            "fileSystem": Set("extreme", {"storageType": "standard", "size": "200Gi"}),
            "storageType": "Capacity",
            "zone": f"{CN}-i",
            "protocol": "4.0",
            "encryption": "nas-key",
            "squash": "root_squash",
            "recycleBinDays": 7,
            "backupDays": 7,
        },
    ),
    ("database", "bundled"): (
        "fields-private",
        "stores.database",
        {
            **SERVER,
            "kind": Set(
                "external",
                {**dict.fromkeys(ON_CLASS), "backup": None, **NAMED, "endpoint": {"cidr": "10.9.0.0/24", "port": 5432}},
            ),
            "image": "docker.io/library/postgres:18.9-trixie",
            "driver": "image",
        },
    ),
    ("database", "external"): (
        "fields-theirs",
        "stores.database",
        {
            "kind": Set("bundled", {**dict.fromkeys((*NAMED, "endpoint")), **ON_CLASS, "backup": {"claim": "files"}}),
            "secretName": "other",
            "secretKey": "other",
            "endpoint": {"cidr": "10.9.1.0/24", "port": 5432},
            "url": Set("postgresql://u:p@db.example.org/k", dict.fromkeys(NAMED)),
            "driver": "image",
        },
    ),
    ("vectors", "qdrant-bundled"): (
        "fields-private",
        "stores.vectorStore",
        {
            **SERVER,
            "kind": Set("qdrant", {**dict.fromkeys(ON_CLASS), "backup": None, **server("qdrant", 6333), **NAMED}),
            "image": "docker.io/qdrant/qdrant:v1.19.0-unprivileged",
        },
    ),
    ("vectors", "qdrant"): (
        "fields-aws",
        "stores.vectorStore",
        {**KEYED, "kind": "milvus", "apiKey": Set("a-key", dict.fromkeys(NAMED))},
    ),
    ("vectors", "milvus"): (
        "fields-theirs",
        "stores.vectorStore",
        {**KEYED, "kind": "qdrant", "apiKey": Set("a-key", dict.fromkeys(NAMED))},
    ),
    ("documents", "elasticsearch"): (
        "fields-private",
        "stores.documentStore",
        {
            **KEYED,
            "kind": Set("lancedb", dict.fromkeys((*NAMED, "url", "endpoint"))),
            "user": "other",
            "password": Set("a-password", dict.fromkeys(NAMED)),
        },
    ),
    ("documents", "lancedb"): (
        "fields-theirs",
        "stores.documentStore",
        {"kind": Set("elasticsearch", {**server("elasticsearch", 9200), **NAMED})},
    ),
    ("section", "aws"): (
        "fields-aws",
        "aws",
        {
            "region": Set(
                "eu-west-2",
                {
                    "subnets": {f"eu-west-2{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "ab"},
                    "keyArn": "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                },
            ),
            "account": "444455556666",
            "vpc": "vpc-11111111111111111",
            "subnets": {f"{EU}{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "abc"},
            "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718", "more": "sg-11111111111111111"},
            "nodeGroupRules": False,
            "networks": ["10.0.0.0/16", "10.1.0.0/16"],
            "routeTables": ["rtb-0a1b2c3d4e5f60718", "rtb-11111111111111111"],
            "keyArn": f"arn:aws:kms:{EU}:111122223333:key/5678abcd-12ab-34cd-56ef-1234567890ab",
            "tags": {"team": "search", "cost": "4711"},
        },
    ),
    ("store of", "aws"): (
        "fields-aws",
        "aws.database",
        {
            "identifier": "other",
            "network": "10.0.0.0/15",
            "version": "18",
            "majorUpgradeFrom": Set("17", {"version": "18"}),
            "instanceClass": "db.t4g.medium",
            "size": "40Gi",
            "maxSize": "200Gi",
            "multiAz": False,
            "backupDays": 7,
            "maintenanceWindow": "sun:02:00-sun:03:00",
            "performanceInsights": True,
            "iamAuthentication": "others",
            "driver": "image",
            "deletionProtection": False,
        },
    ),
    ("section", "alicloud"): (
        "fields-alicloud",
        "alicloud",
        {
            "region": Set(
                "cn-beijing",
                {
                    "vswitches": {zone: f"vsw-bp1example{zone[-1]}" for zone in ("cn-beijing-h", "cn-beijing-i")},
                    "..storage.claims.files.zone": "cn-beijing-h",
                    "..storage.claims.own.zone": "cn-beijing-h",
                },
            ),
            "vpcId": "vpc-bp1other",
            "vswitches": {f"{CN}-{zone}": f"vsw-bp1example{zone}" for zone in "hik"},
            "clusterCidrs": ["10.0.0.0/16", "10.1.0.0/16"],
            "keyId": Set("key-hzz62f1cb66fa42qo1234", {"key": None}),
            "resourceGroupId": "rg-acfmexample",
            "tags": {"team": "search", "cost": "4711"},
        },
    ),
    ("store of", "alicloud"): (
        "fields-alicloud",
        "alicloud.database",
        {
            "instanceType": "pg.x4.large.2c",
            "size": "100Gi",
            "version": "17.0",
            "zones": [f"{CN}-i", f"{CN}-h"],
            "maxSize": "200Gi",
            "maintenanceWindow": "18:00Z-19:00Z",
            "backupDays": 20,
            "network": "10.0.0.0/15",
            "driver": "image",
            "deletionProtection": False,
        },
    ),
    ("top", ""): (
        "fields-private",
        "",
        {
            "namespace": "elsewhere",
            "namespaceExists": True,
            "profile": Set("single-writer", {"stores": None, "storage.roles.sessions": {"claim": "files"}}),
            "nodeSelector": Set({"disk": "ssd"}, preview_only=True),
            "image": Set("ghcr.io/cinnamon/kotaemon:0.11.2-lite", preview_only=True),
            "replicas": 2,
            "uid": 1002,
            "gid": 1002,
            "autoscaler": {"minReplicas": 1, "maxReplicas": 3},
            "env": {"ANYTHING": "else"},
            "apiKeys": {"OPENAI_API_KEY": "sk-other"},
            "adminName": "other",
            "modelEndpoints": [{"cidr": "10.8.0.0/24", "port": 443}],
            "ingress": {"hostname": "kotaemon.example.org", "className": "nginx"},
            "podLabels": {"team": "search"},
            "podAnnotations": {"team": "search"},
            "cpuLimit": "2",
            "protect": False,
        },
    ),
    ("role", ""): (
        "fields-private",
        "storage.roles.eval",
        {"claim": "volume", "subPath": "elsewhere", "readOnly": True},
    ),
}
"""Table of a settings model -> the stack, the section of its stack file, and the fields with another value each."""
LEFT_OUT: dict[tuple[str, str], dict[str, str]] = {
    ("claim", "existing-claim"): {"accessMode": "only the one that pods of this profile can share"},
    ("claim", "nas"): {"infrequentAccessDays": "refused for every file system that is encrypted"},
    ("claim", "lustre"): {"provisioning": "has one value"},
    ("claim", "nfs-on-disk"): {"security": "has one value here"},
    ("claim", "nfs-ha"): {"haVip": "only on Alibaba Cloud, and nothing of it is sent to an API"},
    ("section", "aws"): {
        "zones": "only without subnets, with the look-up of a cluster",
        "cluster": "the stand-in of AWS answers no look-up of a cluster",
        "clusterStack": "the same, in another stack",
        "autoMode": "needs the look-up of a cluster",
        "clusterRole": "for Auto Mode only",
        "keyForNodes": "only with a key that the stack makes",
        "quotas": "the stand-in of AWS knows no quotas, and the answer only warns",
        "alarms": "alarms hold no data, and go with the stack (tests/unit/stacks/test_alarms.py)",
        "permissionsBoundary": "of IAM roles, which hold no data (tests/unit/stacks/platforms/test_permissions_boundary.py)",
        **dict.fromkeys(("bottlerocket", "autoModeTags"), "of nodes, for Auto Mode"),
        "drivers": "tests/engine/examples installs and keeps them",
        "database": "has a table of its own",
    },
    ("store of", "aws"): {
        "caBundle": "a file of the user's that pods mount; the database is not touched (tests/unit/stacks/stores)",
        "applicationRole": "a Job and a Secret beside the database; the Job's SQL runs in tests/unit/components/state",
    },
    ("store of", "alicloud"): {"caBundle": "as on AWS"},
    ("section", "alicloud"): {
        "clusterId": "tests/engine/examples looks one up",
        "apiServer": "needs clusterId",
        "oidcIssuer": "of a role that the stack makes, which needs clusterId",
        "clusterStack": "the same, in another stack",
        "key": "has fields of its own, none of storage",
        "serviceRoles": "made once for an account",
        "account": "compared with the caller's, and sent nowhere",
        "serviceKey": "in place of the stack's own key, and the key of what lives is refused another one",
        "database": "has a table of its own",
        "addons": "needs clusterId",
        "alarms": "as on AWS",
    },
    ("top", ""): {
        "platform": "nothing else can be compared then",
        "storage": "has tables of its own",
        "stores": "has tables of its own",
        "bucket": "has a table of its own",
        "backup": "has a table of its own",
        "backupCopy": "has a table of its own",
        "archive": "a CronJob, which holds no data (tests/unit/stacks/test_archive.py)",
        "cluster": "the tests write it",
        "moved": "tests/engine/test_memory.py",
        "released": "tests/unit/stacks/test_memory.py",
        "authProxy": "tests/engine/effects/test_scaled.py",
        **dict.fromkeys(("overrides", "estimate", "budget"), "of words and numbers only"),
        "adminPassword": "a secret, written once",
        "resources": "of pods",
        "models": "of pods: a version in their template, and objects that hold no data (tests/cluster/test_models.py)",
        "monitoring": "rules and a dashboard, which hold no data",
        "sessionExport": "a sidecar that reads the database; tests/cluster/test_session_export.py",
        "logs": "of pods that ship files of the role logs, and hold none",
        **dict.fromkeys(
            (
                "affinity",
                "tolerations",
                "topologySpread",
                "priorityClass",
                "runtimeClass",
                "imagePullSecrets",
                "registryLogins",
                "imageMirrors",
                "proxy",
                "pods",
            ),
            "of pods, as nodeSelector",
        ),
    },
    ("bucket", ""): {
        **dict.fromkeys(("endpoint", "region"), "of a server of one's own, where the stack makes no bucket"),
        "exists": "refused before, because of the bucket's copies and of the claim of S3 Files",
        **dict.fromkeys(("encryptedBy", "archived", "key"), "of a bucket that is there already"),
        "credentialsSecret": "no object of the stack has it yet",
    },
    ("backup", ""): {"": "CronJobs, which hold no data; the Secret with the password is under ignore_changes"},
}
"""Fields that are not changed here, each with the reason. The key "" is for a whole table."""


@dataclass(frozen=True)
class Case:
    """One field and its change."""

    table: tuple[str, str]
    stack: str
    section: str
    name: str
    change: Set

    @property
    def id(self) -> str:
        """The case in words."""
        return f"{'-'.join(filter(None, self.table))}-{self.name}"

    @property
    def values(self) -> dict[str, Any]:
        """Path in the stack file -> value, as `tests.engine.stack.change` takes them."""
        prefix = f"{self.section}." if self.section else ""
        return {
            **{_path(prefix, key): value for key, value in self.change.more.items()},
            f"{prefix}{self.name}": self.change.value,
        }


def _path(prefix: str, key: str) -> str:
    return key[2:] if key.startswith("..") else f"{prefix}{key}"


def cases() -> Iterator[Case]:
    """Every field that is changed."""
    for table, (stack, section, fields) in FIELDS.items():
        for name, value in fields.items():
            yield Case(table, stack, section, name, value if isinstance(value, Set) else Set(value))
