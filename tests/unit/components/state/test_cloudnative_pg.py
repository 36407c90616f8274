"""CloudNativePG: the custom resources, as the operator wants them."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.pod.names import application_labels
from components.state.cloudnative_pg import (
    ArchiveArgs,
    CloudNativePostgres,
    CloudNativePostgresArgs,
    cluster_spec,
    object_store_spec,
    scheduled_backup_spec,
)

PulumiRun = Callable[..., Any]
CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster"
ARCHIVE = ArchiveArgs(destination="s3://backups/kotaemon")


def arguments(**changes: Any) -> CloudNativePostgresArgs:
    return CloudNativePostgresArgs(
        **{"namespace": "kotaemon", "storage_class": "fast", "clients": application_labels("kotaemon"), **changes}
    )


def made(pulumi_run: PulumiRun, **changes: Any) -> Any:
    return pulumi_run(lambda: {"store": CloudNativePostgres("database", arguments(**changes)).store})


def test_three_instances_over_zones_lose_nothing_in_a_failover() -> None:
    assert cluster_spec("database", arguments()) == {
        "instances": 3,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie",
        "bootstrap": {"initdb": {"database": "kotaemon", "owner": "kotaemon"}},
        "storage": {"storageClass": "fast", "size": "20Gi"},
        "affinity": {"topologyKey": "topology.kubernetes.io/zone", "podAntiAffinityType": "preferred"},
        "postgresql": {
            "parameters": {"max_connections": "200"},
            "synchronous": {"method": "any", "number": 1, "dataDurability": "preferred"},
        },
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
    }


def test_one_instance_waits_for_no_other() -> None:
    assert "synchronous" not in cluster_spec("database", arguments(instances=1))["postgresql"]


def test_a_bad_size_names_the_component(pulumi_run: PulumiRun) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made(pulumi_run, size="20GB")
    assert str(refused.value) == (
        "CloudNativePostgres 'database': size: '20GB' is not allowed; it must be a whole number of Gi or Ti, "
        "for example 100Gi"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"s3Credentials": {"inheritFromIAMRole": True}}),
        (
            {"credentials_secret": "bucket", "endpoint_url": "https://minio.example.com"},
            {
                "endpointURL": "https://minio.example.com",
                "s3Credentials": {
                    "accessKeyId": {"name": "bucket", "key": "ACCESS_KEY_ID"},
                    "secretAccessKey": {"name": "bucket", "key": "ACCESS_SECRET_KEY"},
                },
            },
        ),
    ],
)
def test_the_archive(more: dict[str, Any], expected: dict[str, Any]) -> None:
    gzip = {"compression": "gzip"}
    assert object_store_spec(ArchiveArgs(**{**ARCHIVE, **more})) == {
        "retentionPolicy": "30d",
        "configuration": {"destinationPath": "s3://backups/kotaemon", "wal": gzip, "data": gzip, **expected},
    }


def test_base_backups_start_at_once_and_their_cron_line_has_seconds() -> None:
    spec = scheduled_backup_spec("database", ArchiveArgs(**{**ARCHIVE, "schedule": "0 4 * * *"}))
    assert spec == {
        "schedule": "0 0 4 * * *",
        "immediate": True,
        "backupOwnerReference": "none",
        "cluster": {"name": "database"},
        "method": "plugin",
        "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
    }


def test_a_cron_line_with_seconds_is_refused(pulumi_run: PulumiRun) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        made(pulumi_run, archive=ArchiveArgs(**{**ARCHIVE, "schedule": "0 0 4 * * *"}))
    assert str(refused.value) == (
        "CloudNativePostgres 'database': archive.schedule: '0 0 4 * * *' is not allowed; it must be a cron line of "
        "five fields, for example 15 2 * * *"
    )


def test_objects(pulumi_run: PulumiRun) -> None:
    run = made(pulumi_run, archive=ARCHIVE)
    kinds = {r.type.rpartition(":")[2] for r in run.registrations if r.custom}
    assert kinds == {"NetworkPolicy", "ObjectStore", "Cluster", "ScheduledBackup"}
    cluster = run.one(CLUSTER)
    assert (cluster.protect, cluster.retain_on_delete) == (True, True)
    assert cluster.inputs["spec"]["plugins"] == [
        {
            "name": "barman-cloud.cloudnative-pg.io",
            "isWALArchiver": True,
            "parameters": {"barmanObjectName": "database"},
        }
    ]
    assert {r.inputs["metadata"]["name"] for r in run.registrations if r.custom} == {"database"}


def test_without_an_archive_there_is_none(pulumi_run: PulumiRun) -> None:
    run = made(pulumi_run, protect=False)
    assert [r.type.rpartition(":")[2] for r in run.registrations if r.custom] == ["NetworkPolicy", "Cluster"]
    cluster = run.one(CLUSTER)
    assert "plugins" not in cluster.inputs["spec"]
    assert (cluster.protect, cluster.retain_on_delete) == (False, True)


def test_the_operators_own_secret_is_read(pulumi_run: PulumiRun) -> None:
    assert made(pulumi_run).outputs["store"].value == {
        "url": {"secret_name": "database-app", "key": "uri"},
        "endpoint": {"pod_labels": {"cnpg.io/cluster": "database"}, "port": 5432},
        "driver": "install",
    }


def test_who_reaches_the_instances(pulumi_run: PulumiRun) -> None:
    spec = (
        made(pulumi_run, operator_namespace="operators")
        .one("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        .inputs["spec"]
    )
    own = {"podSelector": {"matchLabels": {"cnpg.io/cluster": "database"}}}
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "cloudnative-pg"}},
    }
    assert spec == {
        **own,
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": application_labels("kotaemon")}}],
                "ports": [{"port": 5432, "protocol": "TCP"}],
            },
            {
                "from": [operator, own],
                "ports": [{"port": 5432, "protocol": "TCP"}, {"port": 8000, "protocol": "TCP"}],
            },
        ],
    }
