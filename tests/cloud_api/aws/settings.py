"""What a stack file of platform aws may say, as the choices of a matrix, and which of them the program keeps apart."""

from typing import Any

from components.aws import OPENZFS_THROUGHPUT, OpenZfsDeployment, dns_suffix, partition
from tests.cloud_api.matrix import Apart, Dimensions, Row, choices, stack_file

ACCOUNT, ANOTHER = "111122223333", "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
REGIONS = ("eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1")
"""One of each partition that the provider knows regions of, the classified ones by their first."""
VPC, GROUP, TABLE = "vpc-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718", "rtb-0a1b2c3d4e5f60718"
SUBNETS = {f"<region>{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "abc"}
COPIES = {
    "eu-central-1": "eu-west-2",
    "cn-north-1": "cn-northwest-1",
    "us-gov-west-1": "us-gov-east-1",
    "us-iso-east-1": "us-iso-west-1",
}
"""Region -> another one of its partition; the sovereign cloud has one."""
_TOPIC = "arn:<partition>:sns:<region>:<account>:on-call"
_ROLE = "arn:<partition>:iam::<account>:role/ebs-csi-driver"
_GIVEN = {
    "aws/account": "<account>",
    "aws/vpc": VPC,
    "aws/subnets": SUBNETS,
    "aws/securityGroups": {"nodes": GROUP},
    "aws/networks": ["10.0.0.0/16"],
    "aws/routeTables": [TABLE],
    "aws/clusterRole": "arn:<partition>:iam::<account>:role/cluster",
}
BASE: dict[str, Any] = {
    "platform": "aws",
    "profile": "scaled",
    "cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"},
    "aws": {"region": "<region>"},
    "storage": {
        "claims": {"disk": {"kind": "ebs"}, "files": {"kind": "efs"}, "shared": {"kind": "openzfs"}},
        "roles": {role: {"claim": "files"} for role in ("models", "indexes", "uploads", "logs", "eval")},
    },
    "stores": {
        "vectorStore": {
            "kind": "qdrant",
            "url": "http://qdrant.internal.example.com:6333",
            "secretName": "qdrant",
            "secretKey": "api-key",
            "endpoint": {"cidr": "10.0.64.0/24", "port": 6333},
        }
    },
}
_EXTERNAL = {
    "kind": "external",
    "secretName": "postgres",
    "secretKey": "url",
    "endpoint": {"cidr": "10.9.0.0/24", "port": 5432},
}
_RDS = {"identifier": "kotaemon", "network": "10.0.0.0/16"}
_CLAIM = "storage/claims/{}".format
_PRINTED = {"aws/nodeGroupRules": False}
"""What a stack with Lustre has to say."""
_SPEEDS = {
    "gp3": {},
    "gp3 fast": {"size": "4Ti", "iops": 80000, "throughput": 2000, "volumeType": "gp3"},
    "io2": {"size": "4Gi", "iops": 4000, "volumeType": "io2"},
}


def _disk(claim: str, more: dict[str, Any]) -> dict[str, Any]:
    return {_CLAIM(claim) + f"/{key}": value for key, value in more.items()}


DIMENSIONS: Dimensions = {
    "region": {region: {"@region": region} for region in REGIONS},
    "stack": {"short": {"@stack": "prod"}, "long": {"@stack": "production-of-the-research-department-in-berlin"}},
    "namespace": {"usual": {}, "longest": {"namespace": "kotaemon-" + 54 * "n"}},
    "place": {
        "given": _GIVEN,
        "given and named": {**_GIVEN, "aws/cluster": "prod"},
        "found": {"aws/cluster": "prod", "aws/zones": list(SUBNETS)},
    },
    "key": {
        "made": {},
        "for nodes": {"aws/keyForNodes": True},
        "given": {"aws/keyArn": f"arn:<partition>:kms:<region>:<account>:key/{KEY_ID}"},
        "in many regions": {"aws/keyArn": f"arn:<partition>:kms:<region>:<account>:key/mrk-{32 * 'a'}"},
        "of another account": {"aws/keyArn": f"arn:<partition>:kms:<region>:{ANOTHER}:key/{KEY_ID}"},
    },
    "ebs driver": {
        "its role": {"aws/drivers/ebs": {"role": _ROLE}},
        "installed": {"aws/drivers/ebs": {"mode": "install"}},
        "installed version": {"aws/drivers/ebs": {"mode": "install", "version": "v1.64.0-eksbuild.1"}},
        "unnamed": {"aws/drivers/ebs": {"mode": "adopt"}},
    },
    "other drivers": {
        "adopted": {},
        "installed": {f"aws/drivers/{name}": {"mode": "install"} for name in ("efs", "fsx", "s3")},
    },
    "quotas": {"not asked": {}, "asked": {"aws/quotas": True}},
    "boundary": {
        "none": {},
        "of the account": {"aws/permissionsBoundary": "arn:<partition>:iam::<account>:policy/kotaemon-boundary"},
    },
    "permission": {
        "pod identity": {"aws/drivers/permission": "pod-identity"},
        "with agent": {"aws/drivers/installAgent": True},
        "irsa": {
            "aws/drivers/permission": "irsa",
            "aws/drivers/oidcIssuer": "https://oidc.eks.<region>.<suffix>/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
        },
    },
    "nodes": {
        "usual": {},
        "bottlerocket": {"aws/bottlerocket": True},
        "auto mode": {"aws/autoMode": True},
        "auto mode with tags": {"aws/autoMode": True, "aws/autoModeTags": True},
    },
    "alarms": {
        "none": {},
        "usual": {"aws/alarms": {"topic": _TOPIC}},
        "early": {"aws/alarms": {"topic": _TOPIC, "fullPercent": 50, "creditPercent": 90}},
    },
    "tags": {
        "none": {},
        "some": {"aws/tags": {"team": "search"}},
        "many": {"aws/tags": {f"cost/center-{number}": "4711 + 12: a/b@c" for number in range(38)}},
    },
    "disk speed": {name: _disk("disk", said) for name, said in _SPEEDS.items()},
    "disk": {
        "usual": {},
        "one node": _disk("disk", {"accessMode": "ReadWriteOnce", "fileSystem": "xfs"}),
        "classes": _disk("disk", {"attributesClass": True, "snapshotClass": True}),
    },
    "disk in a zone": {
        **{name: {_CLAIM("zoned"): {"kind": "ebs", "zone": "<region>b", **said}} for name, said in _SPEEDS.items()},
        "from a snapshot": {
            _CLAIM("zoned"): {
                "kind": "ebs",
                "zone": "<region>b",
                "snapshot": "snap-0a1b2c3d4e5f60718",
                "fileSystem": "xfs",
            }
        },
        "none": {},
    },
    "efs": {
        "every zone": {},
        "one zone": _disk("files", {"oneZone": "<region>a"}),
        "no backup": _disk("files", {"backup": False, "size": "8Ti"}),
    },
    "efs by its driver": {
        "none": {},
        "there": {_CLAIM("driven"): {"kind": "efs", "provisioning": "dynamic"}},
        "no backup": {_CLAIM("driven"): {"kind": "efs", "provisioning": "dynamic", "backup": False}},
    },
    "openzfs": {
        **{one.value: _disk("shared", {"deployment": one.value}) for one in OpenZfsDeployment},
        "own range": _disk("shared", {"endpointRange": "198.19.255.0/28", "zones": ["<region>c", "<region>a"]}),
    },
    "openzfs speed": {"slowest": {}, "fastest": {"@fastest": True}},
    "openzfs disk": {
        "usual": {},
        "largest": _disk("shared", {"size": "512Ti", "backupDays": 90, "squash": True}),
        "IOPS": _disk("shared", {"size": "64Gi", "iops": 200000, "backupDays": 1}),
    },
    "openzfs mount": {
        "by the driver": _disk("shared", {"driver": "csi", "mountOptions": ["nconnect=4"]}),
        "in the tree": _disk("shared", {"driver": "in-tree"}),
    },
    "lustre": {
        "usual": {_CLAIM("weights"): {"kind": "lustre"}, **_PRINTED},
        "fast": {
            _CLAIM("weights"): {
                "kind": "lustre",
                "size": "4800Gi",
                "throughput": 1000,
                "metadataIops": 12000,
                "squash": True,
                "backupDays": 90,
            },
            "aws/nodeGroupRules": True,
        },
        "linked": {
            _CLAIM("weights"): {
                "kind": "lustre",
                "zone": "<region>b",
                "metadataIops": 1500,
                "s3Links": [
                    {"path": "/models", "bucketPath": "s3://weights/prod"},
                    {"path": "/results", "bucketPath": "s3://results", "writeBack": True},
                ],
            },
            **_PRINTED,
        },
        "no backup": {
            _CLAIM("weights"): {"kind": "lustre", "size": "2400Gi", "throughput": 250, "backupDays": 0},
            **_PRINTED,
        },
        "none": {},
    },
    "server on a disk": {
        "none": {},
        "usual": {_CLAIM("served"): {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}},
        "fast": {
            _CLAIM("served"): {
                "kind": "nfs-on-disk",
                "clients": ["10.0.0.0/16"],
                "image": "ami-0a1b2c3d4e5f60718",
                "fileSystem": "ext4",
                "squash": "all",
                "size": "4Ti",
                "diskType": "gp3",
                "iops": 80000,
                "throughput": 2000,
                "snapshotDays": 1,
            }
        },
        "chosen": {
            _CLAIM("served"): {
                "kind": "nfs-on-disk",
                "clients": ["10.0.0.0/16", "10.1.0.0/16"],
                "path": "/srv/kotaemon",
                "squash": "root",
                "fileSystem": "xfs",
                "threads": 64,
                "alertPercent": 70,
                "zone": "<region>b",
                "address": "10.0.1.9",
                "instanceType": "m7i.xlarge",
                "image": "ami-0a1b2c3d4e5f60718",
                "diskType": "io2",
                "iops": 5000,
                "size": "1Ti",
                "snapshotDays": 1000,
            }
        },
    },
    "bucket": {
        "none": {},
        "made": {"bucket": {"name": "acme-kotaemon-prod"}},
        "made with rules": {
            "bucket": {
                "name": "a" + 61 * "b" + "c",
                "versionDays": 3650,
                "lifecycle": {
                    "files/": {"afterDays": 90, "storageClass": "GLACIER_IR"},
                    "backups/": {"afterDays": 1, "storageClass": "DEEP_ARCHIVE"},
                },
            }
        },
        "there": {
            "bucket": {
                "name": "acme-data",
                "exists": True,
                "encryptedBy": "KMS",
                "key": f"arn:<partition>:kms:<region>:{ANOTHER}:key/{KEY_ID}",
            }
        },
    },
    "long name": {
        "none": {},
        "files": {_CLAIM(54 * "f"): {"kind": "efs"}},
        "disk": {_CLAIM(54 * "d"): {"kind": "ebs", "zone": "<region>c"}},
        "server": {_CLAIM(54 * "s"): {"kind": "openzfs", "driver": "csi", "deployment": "SINGLE_AZ_2"}},
        "weights": {_CLAIM(54 * "w"): {"kind": "lustre"}, **_PRINTED},
    },
    "mounted bucket": {
        "none": {},
        "written": {_CLAIM("cold"): {"kind": "mountpoint-s3"}},
        "read": {_CLAIM("cold"): {"kind": "mountpoint-s3", "prefix": "files/old/", "size": "64Ti", "readOnly": True}},
    },
    "bucket as files": {
        "none": {},
        "usual": {_CLAIM("kept"): {"kind": "s3-files"}},
        "named": {
            _CLAIM("kept"): {
                "kind": "s3-files",
                "prefix": "files/reports/",
                "size": "8Ti",
                "mountRole": "arn:<partition>:iam::<account>:role/efs-csi-node",
            }
        },
    },
    "copy of backups": {
        "none": {},
        "in another region": {
            "backupCopy": {"region": "<copies>", "bucket": "acme-kotaemon-copies", "days": 3650},
        },
        "with their key": {
            "backupCopy": {
                "region": "<copies>",
                "key": f"arn:<partition>:kms:<copies>:<account>:key/{KEY_ID}",
                "lock": True,
                "days": 1,
            }
        },
        "in another account": {
            "backupCopy": {
                "region": "<region>",
                "role": f"arn:<partition>:iam::{ANOTHER}:role/copies",
                "bucket": "acme-kotaemon-copies",
            },
        },
    },
    "database": {
        "usual": {"aws/database": _RDS},
        "large": {
            "aws/database": {
                "identifier": "a" + 61 * "b" + "c",
                "network": "10.0.0.0/16",
                "version": "14",
                "instanceClass": "db.r7g.16xlarge",
                "size": "400Gi",
                "maxSize": "65536Gi",
                "multiAz": False,
                "backupDays": 35,
                "maintenanceWindow": "sun:02:00-sun:03:00",
                "performanceInsights": True,
                "deletionProtection": False,
            }
        },
        "upgraded": {
            "aws/database": {
                **_RDS,
                "version": "17",
                "majorUpgradeFrom": "16",
                "applicationRole": True,
                "iamAuthentication": "others",
                "backupDays": 1,
            }
        },
        "of others": {"stores/database": _EXTERNAL},
    },
    "profile": {
        "scaled": {},
        "single-writer": {
            "profile": "single-writer",
            "stores": None,
            "storage/roles/indexes": {"claim": "disk"},
            "storage/roles/sessions": {"claim": "disk"},
        },
    },
    "protection": {"on": {}, "off": {"protect": False}},
}
_AUTO = choices("nodes", "auto mode", "auto mode with tags")
_INSTALLED = choices("ebs driver", "installed", "installed version")
APART = [
    Apart(
        choices("region", "cn-north-1"),
        choices("lustre", "usual", "fast", "linked", "no backup"),
        "which China regions do not have",
    ),
    Apart(choices("region", "cn-north-1"), choices("long name", "weights"), "which China regions do not have"),
    Apart(choices("place", "given"), [*_INSTALLED, *choices("other drivers", "installed")], "mode install needs it"),
    Apart(_AUTO, [*_INSTALLED, *choices("ebs driver", "its role")], "drivers.ebs is not allowed with autoMode"),
    Apart(choices("nodes", "usual", "bottlerocket"), choices("ebs driver", "unnamed"), "drivers.ebs.role: missing"),
    Apart(
        _AUTO,
        [*choices("disk in a zone", *_SPEEDS, "from a snapshot"), *choices("long name", "disk")],
        "Auto Mode's driver takes no disks that were made elsewhere",
    ),
    Apart(
        [*_AUTO, *choices("nodes", "bottlerocket")],
        choices("openzfs mount", "in the tree"),
        r"Bottlerocket.*csi|csi.*Bottlerocket",
    ),
    Apart(
        [*_AUTO, *choices("nodes", "bottlerocket")],
        choices("server on a disk", "usual", "fast", "chosen"),
        "Bottlerocket",
    ),
    Apart(
        choices("region", *REGIONS[1:]),
        choices("server on a disk", "usual"),
        "it is not known who publishes Debian's images",
    ),
    Apart(choices("bucket", "none"), choices("mounted bucket", "written", "read"), "bucket"),
    Apart(choices("bucket", "none", "there"), choices("bucket as files", "usual", "named"), "bucket"),
    Apart(
        choices("bucket", "none", "there"),
        choices("copy of backups", "in another region", "in another account"),
        "bucket",
    ),
    Apart(
        choices("region", "eusc-de-east-1"),
        choices("copy of backups", "in another region", "with their key"),
        "region",
    ),
    Apart(
        choices("profile", "single-writer"),
        choices("database", "usual", "large", "upgraded"),
        "only the profile scaled uses a database",
    ),
]


def settings(row: Row) -> tuple[str, str, dict[str, Any]]:
    """Region, name of the stack and stack file of a row."""
    region = row["region"]
    words = {
        "<region>": region,
        "<copies>": COPIES.get(region, region),
        "<account>": ACCOUNT,
        "<partition>": partition(region),
        "<suffix>": dns_suffix(region),
    }

    def fill(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    made = stack_file(BASE, DIMENSIONS, row, fill)
    if made.pop("@fastest", False):
        shared = made["storage"]["claims"]["shared"]
        deployment = OpenZfsDeployment(shared.get("deployment", OpenZfsDeployment.MULTI_AZ_1))
        shared["throughput"] = OPENZFS_THROUGHPUT[deployment][-1]
    return made.pop("@region"), made.pop("@stack"), made
