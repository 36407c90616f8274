"""The stack whose storage others run: hosts of the user's own over SSH, and a database of the operator CloudNativePG.

No host is set up here, and no operator runs. The stand-in of pulumi-command answers for the hosts, and the API server holds
the operator's objects to the operator's own definitions, from its Go module. What happens on hosts is in drills/.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from components.contract import Platform
from tests.engine.effects.shapes import NAMED, ON_CLASS, Set, Stack, Table, roles, server
from tests.programs import build

NAME = "fields-operated"
OPERATOR = "github.com/cloudnative-pg/cloudnative-pg@v1.27.0"
DEFINITIONS = ("clusters", "scheduledbackups")
ARCHIVE_DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "objectstores.barmancloud.cnpg.io"},
    "spec": {
        "group": "barmancloud.cnpg.io",
        "names": {"kind": "ObjectStore", "listKind": "ObjectStoreList", "plural": "objectstores"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
"""The plugin's module is not on the Go module proxy (403, 29 November 2026), so this one takes every field."""
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example1"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0"
FIRST, SECOND, WITNESS = (
    {"name": f"nfs-{letter}", "address": f"10.0.0.{number}", "hostKey": HOST_KEY}
    for letter, number in (("a", 11), ("b", 12), ("q", 13))
)
OWN = {
    "kind": "nfs-server",
    "server": "nfs.example.com",
    "hostKey": HOST_KEY,
    "privateKey": "a-private-key",
    "clients": ["10.0.0.0/16"],
    "device": "/dev/disk/by-id/virtio-data",
    "encrypt": True,
    "luksPassphrase": "a-passphrase",
}
PAIR = {
    "kind": "nfs-ha",
    "virtualAddress": "10.0.0.10/24",
    "nodes": [FIRST, SECOND],
    "witness": WITNESS,
    "privateKey": "a-private-key",
    "secret": "a-secret-of-the-pair",
    "clients": ["10.0.0.0/16"],
    "device": "/dev/vg0/nfs",
    "stateDevice": "/dev/vg0/nfs-state",
}
EXPORT: dict[str, Any] = {
    "path": "/srv/nfs/other",
    "clients": ["10.0.0.0/16", "10.1.0.0/16"],
    "fileSystem": "ext4",
    "squash": "root",
    "security": "krb5p",
    "threads": 32,
    "alertPercent": 90,
    "size": "200Gi",
    "mountOptions": ["nconnect=4"],
    "leaseSeconds": 30,
    "encryptedBy": "a disk that encrypts itself",
    "user": "operator",
    "sshPort": 2222,
    "privateKey": "another-private-key",
}


def definitions() -> Iterator[dict[str, Any]]:
    """The kinds of the operator and of its plugin."""
    folder = build.module_folder(OPERATOR) / "config/crd/bases"
    for name in DEFINITIONS:
        yield yaml.safe_load((folder / f"postgresql.cnpg.io_{name}.yaml").read_text())
    yield ARCHIVE_DEFINITION


STACK = Stack(
    Platform.PRIVATE,
    {
        "platform": "private",
        "profile": "scaled",
        "storage": {
            "claims": {"own": OWN, "pair": PAIR},
            "classes": {"dev-block": {"standsOn": "disk", "boundTo": "zone"}},
            "roles": roles("own", eval="pair", logs="pair"),
        },
        "stores": {
            "database": {"kind": "cloudnative-pg", **ON_CLASS, "archive": {"destination": "s3://backups/kotaemon"}},
            "vectorStore": {**server("qdrant", 6333), **NAMED},
        },
    },
    definitions,
)
FIELDS: dict[tuple[str, str], Table] = {
    ("claim", "nfs-server"): (
        NAME,
        "storage.claims.own",
        {
            **EXPORT,
            "kind": Set("nfs", {**dict.fromkeys(OWN), "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}),
            "server": Set("other.example.com", {"host": "nfs.example.com"}),
            "host": "other.example.com",
            "hostKey": OTHER_KEY,
            "device": "/dev/disk/by-id/virtio-other",
            "encrypt": Set(False, {"luksPassphrase": None}),
            "luksPassphrase": "another-passphrase",
        },
    ),
    ("claim", "nfs-ha"): (
        NAME,
        "storage.claims.pair",
        {
            **EXPORT,
            "kind": Set("nfs", {**dict.fromkeys(PAIR), "server": "10.0.0.10", "path": "/srv/nfs/kotaemon"}),
            "virtualAddress": "10.0.0.9/24",
            "server": "files.example.com",
            "nodes": [FIRST, {**SECOND, "name": "nfs-c"}],
            "witness": {**WITNESS, "address": "10.0.0.14"},
            "secret": "another-secret-of-the-pair",
            "device": "/dev/vg1/nfs",
            "stateDevice": "/dev/vg1/nfs-state",
            "drbd": "8.4",
            "glusterfs": Set(
                {"brick": "/srv/brick/kotaemon"}, dict.fromkeys(("device", "stateDevice", "secret", "drbd"))
            ),
            "routerId": 52,
        },
    ),
    ("database", "cloudnative-pg"): (
        NAME,
        "stores.database",
        {
            "kind": Set(
                "external",
                {
                    **dict.fromkeys((*ON_CLASS, "archive")),
                    **NAMED,
                    "endpoint": {"cidr": "10.9.0.0/24", "port": 5432},
                },
            ),
            "storageClass": "other",
            "size": "60Gi",
            "encryptedBy": "LUKS",
            "cpuRequest": "300m",
            "memoryRequest": "600Mi",
            "memoryLimit": "3Gi",
            "instances": 2,
            "image": "ghcr.io/cloudnative-pg/postgresql:18.7-system-trixie",
            "operatorNamespace": "operators",
            "archive": {"destination": "s3://other/kotaemon", "schedule": "15 3 * * *", "retentionDays": 60},
            "driver": "image",
        },
    ),
}
