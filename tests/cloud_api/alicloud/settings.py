"""What a stack file of platform alicloud may say, as the choices of a matrix, and which of them the program keeps apart."""

from typing import Any

from components.alicloud import zone_name
from tests.cloud_api.matrix import Apart, Dimensions, Row, choices, stack_file

REGIONS = ("cn-hangzhou", "ap-southeast-1", "cn-shanghai-finance-1", "cn-north-2-gov-1", "us-west-1")
"""China and abroad, finance and government: the four ways in which zones are called."""
_VSWITCHES = {f"<zone-{zone}>": f"vsw-bp1example{zone}" for zone in "hik"}
BASE: dict[str, Any] = {
    "platform": "alicloud",
    "profile": "scaled",
    "alicloud": {
        "region": "<region>",
        "vpcId": "vpc-bp1exampleexample",
        "vswitches": _VSWITCHES,
        "clusterCidrs": ["10.0.0.0/16"],
    },
    "storage": {
        "claims": {"disk": {"kind": "essd"}, "files": {"kind": "nas"}, "static": {"kind": "ecs-disk"}},
        "roles": {role: {"claim": "files"} for role in ("models", "indexes", "uploads", "logs", "eval")},
    },
    "stores": {
        "vectorStore": {
            "kind": "qdrant",
            "url": "http://10.0.32.7:6333",
            "secretName": "qdrant",
            "secretKey": "api-key",
            "endpoint": {"cidr": "10.0.32.7/32", "port": 6333},
        }
    },
}
_EXTERNAL = {
    "kind": "external",
    "secretName": "postgres",
    "secretKey": "url",
    "endpoint": {"cidr": "10.9.0.0/24", "port": 5432},
}
_CLUSTER = "c0123456789abcdef0123456789abcdef"
_WATCHED = {"storage/claims/watched": {"kind": "nas"}}
"""A claim that CloudMonitor measures, whatever the other claims and the database are."""
_ROLE_IS_MADE = {
    "alicloud/account": "1512666876910000",
    "alicloud/clusterId": _CLUSTER,
    "alicloud/oidcIssuer": "<issuer>",
}


def _claim(name: str, **said: Any) -> dict[str, Any]:
    return {f"storage/claims/{name}/{key}": value for key, value in said.items()}


DIMENSIONS: Dimensions = {
    "region": {region: {"@region": region} for region in REGIONS},
    "stack": {"short": {"@stack": "prod"}, "long": {"@stack": "production-of-research-in-berlin"}},
    "namespace": {"usual": {}, "longest": {"namespace": "kotaemon-" + 54 * "n"}},
    "cluster": {
        "found": {"alicloud/clusterId": _CLUSTER},
        "found privately": {"alicloud/clusterId": _CLUSTER, "alicloud/apiServer": "https://192.168.0.251:6443"},
        "found with add-ons": {
            "alicloud/clusterId": _CLUSTER,
            "alicloud/addons": {"csi-plugin": "v1.37.1", "managed-csiprovisioner": None},
        },
        "given": {"cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"}},
    },
    "account": {"any": {}, "one": {"alicloud/account": "1512666876910000"}},
    "key": {
        "in an instance": {"alicloud/key": {"instanceId": "kst-hzz62example"}},
        "that rotates": {
            "alicloud/key": {
                "instanceId": "kst-hzz62example",
                "rotationDays": 7,
                "deletionWindowDays": 366,
                "alias": "alias/" + 240 * "a",
            }
        },
        "default": {"alicloud/key": {"regionDefault": True, "rotationDays": 365, "deletionWindowDays": 7}},
        "given": {"alicloud/keyId": "key-hzz6540example"},
        "of the services": {"alicloud/serviceKey": True},
    },
    "service roles": {
        "there": {},
        "made": {"alicloud/serviceRoles": ["disk", "nas", "nas-backup", "vault", "database"]},
    },
    "alarms": {
        "none": {},
        "usual": {"alicloud/alarms": {"contactGroups": ["on-call"]}, **_WATCHED},
        "early": {"alicloud/alarms": {"contactGroups": ["on-call", "storage"], "fullPercent": 50}, **_WATCHED},
    },
    "tags": {
        "none": {},
        "most": {"alicloud/tags": {f"cost-{number}": "4711" for number in range(18)}},
        "group": {"alicloud/resourceGroupId": "rg-acfmexample", "alicloud/tags": {"team": "search"}},
    },
    "made disk": {
        "usual": {},
        "fastest": _claim("static", type="cloud_essd", performanceLevel="PL3", size="1261Gi", snapshotDays=65536),
        "slow": _claim("static", type="cloud_essd", performanceLevel="PL0", size="1Gi", snapshotDays=1),
        "middle": _claim("static", type="cloud_essd", performanceLevel="PL2", size="461Gi", zone="<zone-k>"),
        "level": _claim("static", type="cloud_essd", performanceLevel="PL1", size="20Gi"),
        "provisioned": _claim("static", type="cloud_auto", provisionedIops=1000, bursting=True, size="64Ti"),
        "entry": _claim("static", type="cloud_essd_entry", size="32Ti"),
    },
    "disk": {
        "usual": {},
        "one type": _claim("disk", types=["cloud_auto"], attributesClass=True, provisionedIops=100, bursting=True),
        "level 0": _claim("disk", types=["cloud_essd"], performanceLevel="PL0", snapshotClass=True),
        "level 1": _claim("disk", types=["cloud_essd"], performanceLevel="PL1", accessMode="ReadWriteOnce"),
        "level 2": _claim("disk", types=["cloud_essd"], performanceLevel="PL2", size="461Gi", zones=["<zone-i>"]),
        "level 3": _claim("disk", types=["cloud_essd"], performanceLevel="PL3", size="1261Gi"),
        "in every zone": _claim(
            "disk",
            types=["cloud_regional_disk_auto"],
            topologyKey="topology.diskplugin.csi.alibabacloud.com/zone",
        ),
    },
    "files": {
        "usual": {},
        "premium": _claim("files", storageType="Premium", protocol="3", recycleBinDays=180, backupDays=1),
        "capacity": _claim("files", storageType="Capacity", zone="<zone-k>", recycleBinDays=0, backupDays=0),
        "performance": _claim("files", storageType="Performance", protocol="4.0", recycleBinDays=1, backupDays=3650),
        "extreme": _claim("files", fileSystem="extreme", storageType="standard", size="100Gi"),
        "advanced": _claim("files", fileSystem="extreme", storageType="advance", size="256Ti"),
    },
    "files' key": {
        "usual": {},
        "of NAS": _claim("files", encryption="nas-key"),
        "ours": _claim("files", encryption="own-key"),
    },
    "files' root": {"free": {}, "squashed": _claim("files", squash="root_squash")},
    "bucket": {
        "none": {},
        "made": {"bucket": {"name": "acme-kotaemon-prod"}},
        "made with rules": {
            "bucket": {
                "name": "a" + 61 * "b" + "c",
                "versionDays": 3650,
                "lifecycle": {
                    "files/": {"afterDays": 90, "storageClass": "IA"},
                    "backups/": {"afterDays": 1, "storageClass": "DeepColdArchive"},
                },
            }
        },
        "there": {
            "bucket": {"name": "acme-data", "exists": True, "encryptedBy": "KMS", "key": "key-hzz6540example"},
        },
    },
    "long name": {
        "none": {},  # with the longest stack's name 64 characters, which is all that an access group may have
        "disk": {f"storage/claims/{13 * 'd'}": {"kind": "ecs-disk"}},
        "files": {f"storage/claims/{13 * 'f'}": {"kind": "nas"}},
        "bucket": {f"storage/claims/{54 * 'o'}": {"kind": "ossfs", "prefix": "files/o/", "roleName": "kotaemon-reads"}},
    },
    "mounted bucket": {
        "none": {},
        "written": {"storage/claims/cold": {"kind": "ossfs"}, **_ROLE_IS_MADE},
        "read": {
            "storage/claims/cold": {"kind": "ossfs", "prefix": "files/old/", "size": "64Ti", "readOnly": True},
            **_ROLE_IS_MADE,
        },
        "by a role that is there": {
            "storage/claims/cold": {"kind": "ossfs", "roleName": "kotaemon-reads"},
        },
    },
    "database": {
        "usual": {"alicloud/database": {}},
        "large": {
            "alicloud/database": {
                "instanceType": "pg.x8.8xlarge.2c",
                "size": "1000Gi",
                "maxSize": "64000Gi",
                "version": "17.0",
                "maintenanceWindow": "18:00Z-19:00Z",
                "zones": ["<zone-k>", "<zone-h>"],
                "backupDays": 730,
                "network": "10.0.0.0/16",
                "deletionProtection": False,
            }
        },
        "old": {"alicloud/database": {"version": "14.0", "backupDays": 7, "size": "20Gi"}},
        "middle": {"alicloud/database": {"version": "15.0"}},
        "new": {"alicloud/database": {"version": "16.0"}},
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
_OWN = choices("database", "usual", "large", "old", "middle", "new")
APART = [
    Apart(choices("key", "of the services"), _OWN, "RDS makes an encrypted instance only with the id of a key"),
    Apart(choices("key", "of the services"), choices("files' key", "ours"), "own-key"),
    Apart(
        choices("bucket", "none"),
        [*choices("mounted bucket", "written", "read", "by a role that is there"), *choices("long name", "bucket")],
        "bucket",
    ),
    Apart(choices("profile", "single-writer"), _OWN, "only the profile scaled uses a database"),
]


def settings(row: Row) -> tuple[str, str, dict[str, Any]]:
    """Region, name of the stack and stack file of a row."""
    region = row["region"]
    words = {
        "<region>": region,
        "<issuer>": f"https://oidc-ack-{region}.oss-{region}.aliyuncs.com/{_CLUSTER}",
        **{f"<zone-{zone}>": zone_name(region, zone) for zone in "hik"},
    }

    def fill(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    made = stack_file(BASE, DIMENSIONS, row, fill)
    return made.pop("@region"), made.pop("@stack"), made
