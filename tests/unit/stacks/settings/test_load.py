"""Wrong stack files: each mistake has its exact message, all of a file come at once, nothing leaks."""

from pathlib import Path

import pytest

from stacks import kinds
from stacks.settings import load
from stacks.settings.model import whole_model
from stacks.settings.settings import Settings

GOOD = """
config:
  kotaemon:platform: private
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: nfs.example.org, path: /srv/nfs}
      disk: {kind: storage-class, storageClass: fast}
"""


def read(folder: Path, text: str) -> Settings:
    path = folder / "Pulumi.x.yaml"
    path.write_text(text)
    values, secret = load.from_file(path)
    return load.load(values, set(secret), path.name)


def errors(folder: Path, text: str) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        read(folder, text)
    count = len(caught.value.errors)
    plural = "s" if count > 1 else ""
    head, *lines = str(caught.value).split("\n")
    assert head == f"Pulumi.x.yaml: {count} error{plural}, nothing was created:"
    assert lines == [f"  - {error}" for error in caught.value.errors]
    return caught.value.errors


def test_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert (settings.uid, settings.gid, settings.replicas, settings.protect) == (1001, 1001, 1, True)
    assert settings.image == "ghcr.io/cinnamon/kotaemon:0.11.3-lite"


KNOWN = ", ".join(field.alias or name for name, field in whole_model().model_fields.items())

TOP_LEVEL = [
    ("kotaemon:storge: {}", f"kotaemon:storge: unknown key; did you mean storage?; known here: {KNOWN}"),
    ("kotaemon:zzz: 1", f"kotaemon:zzz: unknown key; known here: {KNOWN}"),
    ("uid: 0", "kotaemon:uid: '0' is not allowed: must be a whole number from 1 to 2147483647"),
    ("kotaemon:gid: 0", "kotaemon:gid: '0' is not allowed: must be a whole number from 1 to 2147483647"),
    ("kotaemon:replicas: 0", "kotaemon:replicas: '0' is not allowed: must be a whole number from 1 to 50"),
    (
        "kotaemon:profile: scale",
        "kotaemon:profile: 'scale' is not allowed; allowed: single-writer, scaled; did you mean scaled?",
    ),
    (
        "kotaemon:image: ghcr.io/cinnamon/kotaemon:main-lite",
        "kotaemon:image: 'ghcr.io/cinnamon/kotaemon:main-lite' must be pinned by a version tag or a digest, "
        "because main-* and latest-* name changing images",
    ),
    (
        "kotaemon:image: ghcr.io/cinnamon/kotaemon",
        "kotaemon:image: 'ghcr.io/cinnamon/kotaemon' must name a version tag or a digest, for example "
        "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
    ),
    (
        "kotaemon:cluster: {kubeconfig: ~/.kube/config}",
        "kotaemon:cluster: kubeconfig and context go together: the current context is never used by accident",
    ),
    (
        "kotaemon:ingress: {kind: httproute, hostname: rag.example.org}",
        "kotaemon:ingress: kind httproute needs gateway: <namespace>/<name>",
    ),
    (
        "kotaemon:ingress: {hostname: 'https://rag.example.org/'}",
        "kotaemon:ingress.hostname: 'https://rag.example.org/' must be a host name, without scheme, port or path",
    ),
    (
        "kotaemon:authProxy: {issuerUrl: 'https://login.example.org', clientId: a, clientSecret: b, emailDomains: ['*']}",
        "kotaemon:authProxy: needs the section ingress, because people log in at its host name; add ingress",
    ),
    (
        "kotaemon:modelEndpoints: [{cidr: 10.0.0.1/8}]",
        "kotaemon:modelEndpoints.0.cidr: '10.0.0.1/8' must be a network in CIDR notation, for example 10.0.0.0/8",
    ),
    (
        "kotaemon:adminPassword: [hunter2]",
        "kotaemon:adminPassword: [secret] is not allowed: input should be a valid string",
    ),
    (
        "kotaemon:apiKeys: {OPENAI_API_KEY: [sk-1]}",
        "kotaemon:apiKeys.OPENAI_API_KEY: [secret] is not allowed: input should be a valid string",
    ),
]


@pytest.mark.parametrize(("line", "message"), TOP_LEVEL, ids=[line for line, _ in TOP_LEVEL])
def test_wrong_top_level_key(tmp_path: Path, line: str, message: str) -> None:
    assert errors(tmp_path, f"{GOOD}  {line}\n") == [message]


FILES = "kotaemon:storage.claims.files"
KINDS = ", ".join(kinds.NAMES)
IN_STORAGE = [
    ("private", "azure", ["kotaemon:platform: 'azure' is not allowed; allowed: private, aws, alicloud"]),
    ("kind: nfs,", "", [f"{FILES}.kind: missing; allowed: {KINDS}"]),
    ("kind: nfs,", "kind: nsf,", [f"{FILES}.kind: 'nsf' is not allowed; allowed: {KINDS}"]),
    (
        "server: nfs.example.org,",
        "",
        [f"{FILES}.server: missing: Host name or address of the server, or of the VIP that follows it"],
    ),
    (
        "nfs.example.org",
        "nfs.example.org:/srv",
        [
            f"{FILES}.server: 'nfs.example.org:/srv' must be a host name or an IP address, without path and port; "
            "the path has its own key, and an IPv6 address has no brackets"
        ],
    ),
    (
        "/srv/nfs",
        "srv",
        [
            f"{FILES}.path: 'srv' must be an absolute path without spaces, colons and the parts . and .., for example "
            "/srv/nfs/kotaemon"
        ],
    ),
    (
        "/srv/nfs",
        "/srv/old/../nfs",
        [
            f"{FILES}.path: '/srv/old/../nfs' must be an absolute path without spaces, colons and the parts . and .., "
            "for example /srv/nfs/kotaemon"
        ],
    ),
    (
        "/srv/nfs}",
        "/srv/nfs, size: 100GB}",
        [f"{FILES}.size: '100GB' must be a whole number of Gi or Ti, for example 100Gi"],
    ),
    (
        "/srv/nfs}",
        "/srv/nfs, mountOptions: [soft]}",
        [
            f"{FILES}: mountOptions holds 'soft', which is not allowed: a soft mount reports success for writes "
            "that it has lost (nfs(5)); use hard"
        ],
    ),
    (
        "files:",
        "Files:",
        [
            "kotaemon:storage.claims.Files: 'Files' must be lower-case letters, digits and '-', at most 63, "
            "for example kotaemon"
        ],
    ),
    (
        "storageClass: fast",
        "storageClass: alicloud-disk-ssd",
        [
            "kotaemon:storage.claims.disk.storageClass: 'alicloud-disk-ssd' is unencrypted, binds before the pod is placed "
            "and deletes with the claim, and its disks are not sold for new instance families; use a claim of kind essd"
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "messages"), IN_STORAGE, ids=[new or f"no {old}" for old, new, _ in IN_STORAGE])
def test_wrong_claim(tmp_path: Path, old: str, new: str, messages: list[str]) -> None:
    assert errors(tmp_path, GOOD.replace(old, new)) == messages


ROLES = [
    (
        "modles: {claim: files}",
        "kotaemon:storage.roles.modles: 'modles' is not allowed; allowed: models, indexes, sessions, uploads, logs, eval; "
        "did you mean models?",
    ),
    ("models: {claim: fils}", "kotaemon:storage: roles.models.claim is 'fils', but the claims are: disk, files"),
    (
        "models: {subPath: logs}",
        "kotaemon:storage: roles models and logs share the folder 'logs' of claim 'files'; give one of them another subPath",
    ),
    (
        "models: {subPath: ../x}",
        "kotaemon:storage.roles.models.subPath: '../x' must be a relative folder without '..', for example models",
    ),
    (
        "models: {readonly: true}",
        "kotaemon:storage.roles.models.readonly: unknown key; did you mean readOnly?; known here: claim, subPath, readOnly",
    ),
]


@pytest.mark.parametrize(("line", "message"), ROLES, ids=[line for line, _ in ROLES])
def test_wrong_role(tmp_path: Path, line: str, message: str) -> None:
    assert errors(tmp_path, f"{GOOD}    roles:\n      {line}\n") == [message]


@pytest.mark.parametrize("text", ["", "config:\n", "config: {}\n"])
def test_empty_stack_file(tmp_path: Path, text: str) -> None:
    assert errors(tmp_path, text) == [
        "kotaemon:platform: missing: Platform on which the cluster and its storage are; allowed: private, aws, alicloud",
        "kotaemon:storage: missing: Claims, and which role is on which claim",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "it must be a mapping with the key `config`"),
        ("conf: {}\n", "conf: unknown key; did you mean config?"),
        ("config: [\n", "it is not valid YAML: while parsing a flow node"),
        ("config:\n  a: 1\n  a: 2\n", "it is not valid YAML: the key a is given twice"),
    ],
)
def test_file_that_is_no_stack_file(tmp_path: Path, text: str, message: str) -> None:
    assert errors(tmp_path, text)[0].startswith(message)


def test_missing_file_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(load.SettingsError, match=f"the file is not in {tmp_path}"):
        load.from_file(tmp_path / "Pulumi.nope.yaml")


def test_three_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("/srv/nfs}", "/srv/nfs, size: 1}") + "  kotaemon:replicas: -1\n  kotaemon:storge: 1\n"
    assert [e.split(":")[1].split(".")[0] for e in errors(tmp_path, text)] == ["replicas", "storage", "storge"]


def test_encrypted_values_are_hidden_and_known_as_secret(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(f"encryptionsalt: v1:abc\n{GOOD}  kotaemon:apiKeys: {{OPENAI_API_KEY: {{secure: v1:cipher}}}}\n")
    values, secret = load.from_file(path)
    assert secret == ["kotaemon:apiKeys"]
    assert "cipher" not in str(values)
    settings = load.load(values, set(secret), path.name)
    assert settings.api_keys["OPENAI_API_KEY"].get_secret_value() == load.SECRET_TEXT


def test_a_key_without_namespace_is_the_projects(tmp_path: Path) -> None:
    assert read(tmp_path, f"{GOOD}  replicas: 3\n").replicas == 3


def test_keys_of_providers_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, f"{GOOD}  aws:region: eu-central-1\n").replicas == 1


def test_runtime_configuration_is_the_same_as_the_files(tmp_path: Path) -> None:
    from plan.recorder import run_program

    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(GOOD)
    values, secret = load.from_file(path)
    seen: list[Settings] = []
    run_program(lambda: seen.append(load.load(*load.from_runtime(), path.name)), config=values, secret_keys=secret)
    assert seen == [read(tmp_path, GOOD)]
