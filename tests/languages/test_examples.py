"""The examples in other languages: made by our plugin, on the real engine. The tests follow each other, in this order."""

import base64
import contextlib
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from components.contract import Platform
from deploy.kube import Kube
from devcluster.cluster import Cluster
from tests.engine import engines
from tests.languages.programs import Home, changes, copy_of, must, opened, secret_values
from tests.languages.table import RUN_HERE, Example

API_KEY = "sk-this-is-a-secret-of-the-tests"
SPACE = "kotaemon"


@dataclass
class World:
    """An example with its engine and its cluster."""

    example: Example
    work: Path
    home: Home
    stack: auto.Stack
    kube: Kube


@pytest.fixture(scope="module", params=RUN_HERE, ids=lambda example: example.name)
def world(
    request: pytest.FixtureRequest,
    cluster_for: Callable[[Platform], Cluster],
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """The example, ready to be run."""
    example: Example = request.param
    cluster = cluster_for(example.platform)
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    folder = tmp_path_factory.mktemp(example.name)
    work = copy_of(example.name, folder)
    home = Home(folder / "home", cluster.kubeconfig)
    if example.name == "yaml":  # its disk is of a class that somebody else has made
        dev = must(kube, "StorageClass", "dev-block")
        kept = {k: dev[k] for k in ("apiVersion", "kind", "provisioner", "volumeBindingMode", "allowVolumeExpansion")}
        kube.apply({**kept, "metadata": {"name": "fast-encrypted"}})
    else:
        # Programs in YAML have nothing to install, and the host of its newest module, 1.25.0, answers "method Link not
        # implemented" to `pulumi install`.
        install(work, home)
    where = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context}
    stack = opened(example.name, work, home, {**where, **example.config}, {"openaiKey": API_KEY})
    return World(example, work, home, stack, kube)


def install(work: Path, home: Home) -> None:
    """As the README says; only the plugins are there already, some of them as stand-ins."""
    command = [engines.found().command.command, "install", "--no-plugins", "--non-interactive"]
    done = subprocess.run(command, cwd=work, env=home.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sdk = work / "node_modules" / "@pulumi"
    for name in ("aws", "kubernetes"):
        if (package := sdk / name / "package.json").exists():
            home.add(name, yaml.safe_load(package.read_text())["version"])


def test_the_languages_own_check_takes_the_program_and_no_other(world: World) -> None:
    """The TypeScript compiler (`strict` is in tsconfig.json), and the check of Pulumi YAML."""
    assert complaint(world) == ""
    with changed(world, "size: ", "sise: "):
        assert "sise" in complaint(world)


def complaint(world: World) -> str:
    if world.example.name == "typescript":
        compiler = [str(world.work / "node_modules" / ".bin" / "tsc"), "--project", "."]
        done = subprocess.run(compiler, cwd=world.work, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (done.stdout == "")
        return done.stdout
    try:
        world.stack.preview(color="never")
    except auto.CommandError as error:
        return str(error)
    return ""


@contextlib.contextmanager
def changed(world: World, old: str, new: str) -> Generator[None]:
    file = world.work / world.example.file
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    try:
        yield
    finally:
        file.write_text(before)


def test_a_preview_makes_nothing(world: World) -> None:
    assert changes(world.stack.preview(color="never").change_summary) == {"create"}
    assert not world.home.calls.exists()


def test_up_makes_everything_and_waits_for_the_pod(world: World) -> None:
    outputs = world.stack.up(color="never").outputs
    assert outputs["url"].value == "http://app.kotaemon.svc:7860"
    assert must(world.kube, "Deployment", "app", SPACE)["status"]["availableReplicas"] == 1
    assert must(world.kube, "Secret", outputs["adminSecret"].value, SPACE)["data"].keys() == {"password"}
    phases = {
        name: must(world.kube, "PersistentVolumeClaim", name, SPACE)["status"]["phase"] for name in ("disk", "files")
    }
    assert phases == {"disk": "Bound", "files": "Bound"}


def test_what_was_made_is_what_the_program_says(world: World) -> None:
    disk = must(world.kube, "PersistentVolumeClaim", "disk", SPACE)["spec"]
    files = must(world.kube, "PersistentVolume", "kotaemon.files")["spec"]
    assert (disk["resources"]["requests"]["storage"], disk["accessModes"]) == ("50Gi", ["ReadWriteOncePod"])
    if world.example.platform == Platform.PRIVATE:
        assert disk["storageClassName"] == "fast-encrypted"
        assert files["nfs"] == {"server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}
        return
    parameters = must(world.kube, "StorageClass", disk["storageClassName"])["parameters"]
    assert parameters["encrypted"] == "true"
    assert parameters["kmsKeyId"].startswith("arn:aws:kms:eu-central-1:111122223333:key/")
    assert files["csi"]["driver"] == "efs.csi.aws.com"
    (term,) = files["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["eu-central-1a", "eu-central-1b"], "in one order, in every run"
    assert "elasticfilesystem.eu-central-1.amazonaws.com" in world.home.calls.read_text(), "the key's policy"


def test_nothing_is_left_to_change(world: World) -> None:
    before = calls(world)
    for _ in range(2):  # maps come from other languages in another order each time
        world.stack.preview(expect_no_changes=True, color="never")
    world.stack.up(expect_no_changes=True, color="never")
    assert calls(world) == before


def calls(world: World) -> str:
    return world.home.calls.read_text() if world.home.calls.exists() else ""


def test_no_secret_is_in_clear_in_the_state(world: World) -> None:
    known = secret_values(world.kube, SPACE)
    assert API_KEY in known
    assert len(known) > 1, "the administrator's password"
    texts = [path.read_text() for path in (world.home.folder / "state").rglob("*") if path.is_file()]
    assert any("app-admin" in text for text in texts), "it is the state of this stack"
    for secret in known:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert not any(form in text for text in texts)


def test_a_mistake_is_told_at_its_input(world: World) -> None:
    with changed(world, "50Gi", "50GB"), pytest.raises(auto.CommandError) as raised:
        world.stack.preview(color="never")
    said = str(raised.value)
    assert "'50GB' is not allowed; it must be a whole number of Gi or Ti" in said
    assert "size" in said.partition("'50GB'")[0].splitlines()[-1]
    assert "Traceback" not in said


def test_what_holds_data_is_not_deleted_while_it_is_protected(world: World) -> None:
    before = uids(world)
    with pytest.raises(auto.CommandError, match="protected"):
        world.stack.destroy(color="never")
    assert uids(world) == before


def test_destroy_keeps_what_holds_data(world: World) -> None:
    before = uids(world)
    world.stack.set_config("protect", auto.ConfigValue("false"))
    world.stack.up(color="never")
    world.stack.destroy(color="never")
    assert (world.stack.export_stack().deployment or {}).get("resources") in (None, [])
    assert uids(world) == before
    assert world.kube.list("apps/v1", "Deployment", SPACE) == []
    assert not [line for line in calls(world).splitlines() if '"delete"' in line and "FileSystem:" in line]


def uids(world: World) -> dict[str, Any]:
    claims = world.kube.list("v1", "PersistentVolumeClaim", SPACE)
    assert claims
    return {c["metadata"]["name"]: (c["metadata"]["uid"], c["spec"]["volumeName"]) for c in claims}
