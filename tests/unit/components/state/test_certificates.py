"""The authority of a database's certificates: what is refused, what is mounted, and who connects with it."""

from pathlib import Path
from typing import Any

import pytest

from components.pod.args import Endpoint, SecretKey
from components.pod.certificates import FILE, FOLDER
from components.protection import backups
from components.protection.args import BackupRepository, BackupsArgs, DatabaseSource
from components.state import apsaradb, rds
from components.state.certificates import bundle_refused, ca_name
from plan import collect, stack_file
from plan.recorder import Run
from stacks.manifests import manifest
from stacks.settings.load import SettingsError

BUNDLE = """\
A line of words, as some bundles have them.
-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUEC5so1/DWmxjss7of3MIEAnoZhkwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI5MTY0MDU1WhgPMjEy
NjExMDUxNjQwNTVaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEPSU2I2wVd/9YjzHbX01NAQVrM9bhrnXZ8s9hFZXw
EyofXvJzU9pBNH/JsWm2RgAhg0p/NUuE6aWVyqfaRW+cQ6NTMFEwHQYDVR0OBBYE
FKuNR3mp7K052dc/OmDlQrp/YK2KMB8GA1UdIwQYMBaAFKuNR3mp7K052dc/OmDl
Qrp/YK2KMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgVEaIklvF
btO7rFVd6qm0DRnX4B+jU/aeJs893/RK5gUCIQC07H6lzT59CLQjepzGYCKsv2n7
n4GdNQy00ZfE3ryEhw==
-----END CERTIFICATE-----
"""
"""The certificate of an authority that nobody has the key of."""
PATH = f"sslmode=verify-full&sslrootcert={FOLDER}/{FILE}"


def test_a_bundle() -> None:
    assert bundle_refused(BUNDLE) == ""
    assert bundle_refused(BUNDLE * 3) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no certificate of an authority"),
        ("<html>403 Forbidden</html>", "no certificate of an authority"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificates in PEM that can be read"),
        (BUNDLE + "-----BEGIN EC PRIVATE KEY-----\n", "holds a private key"),
        (BUNDLE + "x" * 900_000, "a ConfigMap takes 900000"),
    ],
)
def test_no_bundle(text: str, said: str) -> None:
    assert said in bundle_refused(text)


def test_another_bundle_is_another_config_map() -> None:
    """Pods start again with it: they would keep an old certificate until then."""
    assert ca_name("database", BUNDLE) != ca_name("database", BUNDLE + "\n")


def stack(tmp_path: Path, example: str, after: str, bundle: str | None) -> stack_file.StackFile:
    """An example stack with `caBundle`, with a backup and an export, so that everybody connects who ever does."""
    text = (stack_file.ROOT / f"Pulumi.{example}.yaml").read_text()
    assert text.count(after) == 1
    if bundle is not None:
        (tmp_path / "ca.pem").write_text(bundle)
        text = text.replace(after, f"{after}\n      caBundle: {tmp_path / 'ca.pem'}")
    path = tmp_path / f"Pulumi.{example}.yaml"
    path.write_text(text)
    return stack_file.read_path(path)


def _who_has_it(run: Run) -> dict[str, list[str]]:
    """Kind of object -> containers that mount the bundle."""
    found: dict[str, list[str]] = {}
    for r in run.registrations:
        template = r.inputs.get("spec", {}).get("template") if r.is_object else None
        if template:
            pod: Any = template["spec"]
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                if any(m["mountPath"] == FOLDER for m in container.get("volumeMounts", [])):
                    volume = next(v for v in pod["volumes"] if v["name"] == "database-ca")
                    found.setdefault(volume["configMap"]["name"], []).append(f"{r.inputs['kind']} {container['name']}")
    return found


@pytest.mark.parametrize(
    ("example", "after"), [("aws-scaled", "      identifier: kotaemon"), ("alicloud-scaled", "      size: 50Gi")]
)
def test_the_application_of_a_stack_checks_the_server(tmp_path: Path, example: str, after: str) -> None:
    run = collect.preview(stack(tmp_path, example, after, BUNDLE))
    (name,) = {
        r.inputs["metadata"]["name"] for r in run.registrations if r.is_object and FILE in r.inputs.get("data", {})
    }
    assert name.startswith("kotaemon-database-ca-")
    assert _who_has_it(run) == {name: ["Deployment kotaemon"]}


@pytest.mark.parametrize(
    ("example", "after"), [("aws-scaled", "      identifier: kotaemon"), ("alicloud-scaled", "      size: 50Gi")]
)
def test_a_stack_without_the_key_is_as_before(tmp_path: Path, example: str, after: str) -> None:
    run = collect.preview(stack(tmp_path, example, after, None))
    assert _who_has_it(run) == {}
    assert not [r for r in run.registrations if r.is_object and FILE in r.inputs.get("data", {})]


def test_a_file_that_is_no_bundle_stops_the_stack(tmp_path: Path) -> None:
    file = stack(tmp_path, "aws-scaled", "      identifier: kotaemon", "no certificate")
    with pytest.raises(Exception, match="ca_bundle: has no certificate of an authority"):
        collect.make(file)


def test_a_file_that_is_not_there_stops_the_stack(tmp_path: Path) -> None:
    file = stack(tmp_path, "aws-scaled", "      identifier: kotaemon", BUNDLE)
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(SettingsError, match=r"caBundle: .*ca\.pem': No such file"):
        stack_file.read_path(file.path)


def test_the_dump_of_a_backup_has_the_bundle_and_no_other_container() -> None:
    args = BackupsArgs(
        namespace="kotaemon",
        roles={},
        repository=BackupRepository(url="s3:https://s3.example.com/backups/kotaemon", credentials="bucket"),
        database=DatabaseSource(
            url=SecretKey(secret_name="db", key="url"),
            endpoint=Endpoint(cidr="10.0.0.1/32", port=5432),
            ca_config_map="database-ca-1",
        ),
    )
    pod: Any = manifest(backups.pods("backup", args)[0])
    mounting = [
        c["name"]
        for c in (*pod["initContainers"], *pod["containers"])
        if any(mount["mountPath"] == FOLDER for mount in c["volumeMounts"])
    ]
    assert mounting == ["database"]
    assert [v["configMap"]["name"] for v in pod["volumes"] if v["name"] == "database-ca"] == ["database-ca-1"]


def test_urls() -> None:
    assert rds.database_url("d", "u", "p", "h", verified=True) == f"postgresql://u:p@h:5432/kotaemon?{PATH}"
    assert apsaradb.database_url("d", "p", "h", verified=True) == f"postgresql://kotaemon:p@h:5432/kotaemon?{PATH}"
