"""Arguments with one mistake, for each component. Plain values: nothing is needed that only a run of Pulumi has."""

from typing import Any

from components.contract import AccessMode
from components.eks.driver import Driver, Permission
from components.encryption.alicloud import ServiceRole
from components.monitoring.alarms import CloudMonitorStorage, CloudWatchStorage
from tests.unit.components.kotaemon.samples import DISK, FILES, single_args

NETWORK = {"vpc_id": "vpc-1", "client_security_groups": {"nodes": "sg-1"}}
ALICLOUD = {"namespace": "app", "cloud_name": "shop-prod", "key_id": "key-hzz1", "zone": "cn-hangzhou-h"}
AWS = {
    "namespace": "app",
    "key_arn": "arn:aws:kms:eu-central-1:111122223333:key/1",
    "region": "eu-central-1",
    **NETWORK,
}
ZONES = {"eu-central-1a": "subnet-a", "eu-central-1b": "subnet-b"}
BUNDLED = {"namespace": "app", "claim": DISK, "clients": {"app": "one"}}
VOLUME = {"namespace": "app", "claim": FILES, "driver": "d", "handle": "h", "attributes": {}, "mount_options": []}

WRONG: dict[str, Any] = {
    "AckAddons": {"cluster_id": "c-1", "addons": {"terway-eniip": None}},
    "AlicloudKey": {"alias": "mine"},
    "ApplicationNamespace": {"namespace_name": "No Name"},
    "ApsaraDatabase": {
        **ALICLOUD,
        "vpc_id": "vpc-1",
        "vswitches": {"cn-hangzhou-h": "vsw-1", "cn-hangzhou-i": "vsw-2"},
        "client_cidrs": [],
        "client_network": "10.0.0.0/16",
    },
    "Archiver": {"namespace": "app", "cold": {"claim": FILES, "sub_path": "eval", "read_only": False}},
    "AwsKey": {"account": "111122223333", "region": "eu-central-1", "alias": "mine"},
    "BackupCopies": {
        "account": "111122223333",
        "region": "eu-central-1",
        "vault_name": "kept",
        "copy_vault_arn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:copies",
    },
    "BackupVault": {"key_arn": "arn:k", "tags": {"aws:mine": "no"}},
    "Backups": {"namespace": "app", "roles": {}, "repository": {"url": "s3:https://s3.example.com/b/c"}},
    "BundledPostgres": {**BUNDLED, "backup": {"claim": FILES, "folder": "a/b"}},
    "BundledQdrant": {**BUNDLED, "backup": {"claim": FILES, "folder": "a", "keep": 0}},
    "CloudMonitorAlarms": {
        "cloud_name": "shop-prod",
        "contact_groups": [],
        "watched": {"files": {"storage": CloudMonitorStorage.NAS, "id": "31a8e4", "size": "100Gi"}},
    },
    "CloudNativePostgres": {"namespace": "app", "storage_class": "fast", "clients": {}, "instances": 0},
    "CloudWatchAlarms": {
        "region": "eu-central-1",
        "topic": "arn:aws:sns:eu-west-1:111122223333:on-call",
        "watched": {"files": {"storage": CloudWatchStorage.EFS, "id": "fs-1", "size": "100Gi"}},
    },
    "CsiPreparation": {"volume": VOLUME, "folders": ["/models"]},
    "CsiVolumeClaim": {
        "namespace": "app",
        "driver": "csi.example.com",
        "handle": "",
        "access_mode": AccessMode.RWX,
        "backend": "nfs4",
    },
    "DriverAddon": {"driver": Driver.EBS, "cluster": "prod", "key_arn": "arn:k"},
    "DriverRole": {
        "driver": Driver.EBS,
        "account": "1",
        "region": "eu-central-1",
        "cluster": "prod",
        "permission": Permission.IRSA,
    },
    "EbsStorage": {**AWS, "zones": list(ZONES), "size": "20GB"},
    "EbsVolume": {**AWS, "zone": "eu-west-1a"},
    "EcsDiskStorage": {**ALICLOUD, "size": "20GB"},
    "EfsDynamicStorage": {**AWS, "subnets": {}},
    "EfsStorage": {**AWS, "subnets": ZONES, "one_zone": True},
    "EssdStorage": {**ALICLOUD, "zones": []},
    "ExistingClaim": {
        "namespace": "app",
        "claim_name": "models",
        "access_mode": AccessMode.RWX,
        "backend": "disk",
    },
    "ExistingClassClaim": {"namespace": "app", "storage_class": "fast", "size": "20GB"},
    "JuicefsStorage": {"namespace": "app", "secret_name": "jfs", "mount_options": ["writeback"]},
    "Kotaemon": single_args(replicas=0),
    "LocalModelCache": {"namespace": "app", "path": "models", "size": "40Gi"},
    "LogShipping": {"namespace": "app", "output": {"kind": "otlp", "url": ""}},
    "LustreStorage": {**AWS, "zone": "eu-central-1a", "subnet": "subnet-a", "size": "100Gi"},
    "ModelPrefetch": {
        "namespace": "app",
        "models": {"claim": DISK, "sub_path": "models", "read_only": False},
        "cache": {"kind": "local", "limit": "4Gi", "claim_name": "models-cache"},
    },
    "ModelReleases": {
        "namespace": "app",
        "application": "kotaemon",
        "models": {"claim": FILES, "sub_path": "models", "read_only": False},
        "keep": 0,
    },
    "ModelSharing": {
        "namespace": "app",
        "models": {"claim": DISK, "sub_path": "models", "read_only": False},
        "cache": {"kind": "ephemeral", "limit": "4Gi"},
        "clients": {"app": "one"},
        "tls_secret": "tls",
        "nats": {"url": "nats://nats:4222"},
    },
    "MirrorVault": {"vault_name": "", "source_vault_id": "v-1", "source_region": "cn-hangzhou"},
    "OssReplication": {
        "bucket_name": "cold",
        "region": "cn-hangzhou",
        "copy_name": "cold-copy",
        "copy_region": "cn-hangzhou",
        "role_name": "copies",
    },
    "S3FilesStorage": {**AWS, "bucket_name": "cold", "account": "111122223333", "subnets": {}},
    "S3Replication": {
        "bucket_name": "cold",
        "region": "eu-central-1",
        "key_arn": AWS["key_arn"],
        "role_name": "copies",
        "role_arn": "arn:aws:iam::111122223333:role/copies",
        "copy_name": "cold-copy",
        "copy_region": "eu-central-1",
        "copy_key_arn": AWS["key_arn"],
    },
    "S3ReplicationRole": {"tags": {"aws:mine": "no"}},
    "Monitoring": {"namespace": "app", "thresholds": {"fill_percent": 100}},
    "MountpointStorage": {"namespace": "app", "bucket_name": "cold", "region": "eu-central-1", "prefix": "files"},
    "NasStorage": {**ALICLOUD, "vpc_id": "vpc-1", "vswitch_id": "vsw-1", "client_cidrs": []},
    "PreparationNamespace": {"namespace": ""},
    "NfsPreparation": {"export": {"namespace": "app", "server": "s", "path": "/srv"}, "folders": ["../x"]},
    "NfsServer": {
        "connection": {"host": "h", "host_key": "ssh-ed25519 AAAA", "private_key": "k"},
        "server": {"exports": [{"path": "/srv/nfs", "clients": ["0.0.0.0/0"]}]},
    },
    "NfsPair": {
        "pair": {
            "export": {"path": "/srv/nfs", "clients": ["0.0.0.0/0"]},
            "nodes": [],
            "virtual_address": "10.0.0.9/24",
            "device": "/dev/vdb",
            "state_device": "/dev/vdc",
        },
        "nodes": [],
        "witness": {"host": "h", "host_key": "ssh-ed25519 AAAA", "private_key": "k"},
        "secret": "short",
    },
    "NfsGlusterPair": {
        "pair": {
            "export": {"path": "/srv/nfs", "clients": ["0.0.0.0/0"]},
            "nodes": [],
            "virtual_address": "10.0.0.9/24",
        },
        "nodes": [],
    },
    "NfsOnEbs": {
        "key_arn": AWS["key_arn"],
        "cloud_name": "kotaemon-prod",
        "region": "eu-central-1",
        "zone": "eu-central-1a",
        "vpc_id": "vpc-1",
        "subnet": "subnet-1",
        "serving": {"export": {"path": "/srv/nfs", "clients": ["10.0.0.0/16"]}},
        "instance_type": "m4.large",
    },
    "NfsOnEssd": {
        "cloud_name": "kotaemon-prod",
        "region": "cn-hangzhou",
        "zone": "cn-hangzhou-h",
        "vpc_id": "vpc-1",
        "vswitch_id": "vsw-1",
        "serving": {"export": {"path": "/srv/nfs", "clients": ["10.0.0.0/16"]}},
        "instance_type": "m7g.large",
    },
    "NfsStorage": {"namespace": "app", "server": "s", "path": "srv"},
    "OpenZfsStorage": {**AWS, "subnets": ZONES, "client_networks": []},
    "OssfsStorage": {
        "namespace": "app",
        "bucket_name": "cold",
        "region": "cn-hangzhou",
        "role_name": "kotaemon-cold",
        "prefix": "/files/",
    },
    "OssBucket": {"bucket_name": "Cold_Data"},
    "OssRole": {
        "role_name": "r",
        "oidc_issuer": "https://i",
        "oidc_provider_arn": "acs:ram::1:oidc-provider/a",
        "namespace": "app",
        "service_account": "app",
        "bucket": "b",
        "prefix": "/x",
    },
    "PodIdentityAgent": {"cluster": "prod", "tags": {"aws:mine": "1"}},
    "RdsDatabase": {**AWS, "identifier": "-", "subnets": ZONES, "client_network": "10.0.0.0/16"},
    "S3Bucket": {"bucket_name": "cold.data", "key_arn": AWS["key_arn"], "region": "eu-central-1"},
    "ServiceRoles": {"roles": [ServiceRole.DISK, ServiceRole.DISK]},
    "VolumeSnapshots": {"namespace": "app", "claims": ["data"], "snapshot_class": "kept", "keep": 0},
}
