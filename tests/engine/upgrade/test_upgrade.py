"""A newer release touches nothing that runs: `up` with the program of an earlier release, then with this one.

What may change is named in ALLOWED with its reason, and in CHANGELOG.md. The tests of one example follow each other.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import Platform
from deploy.engine import Project
from devcluster.cluster import Cluster
from plan import stack_file
from plan.stack_file import ROOT
from tests.engine import engines
from tests.engine.effects.living import Living

RELEASE, COMMIT = "v0.1.0", "cb478a0"
FILES = ROOT / "tests" / "unit" / "upgrade" / RELEASE
EARLIER = Path(__file__).parent / "earlier.py"
RUNTIME = {"ConfigMap kotaemon-runtime", "Deployment kotaemon-deployment"}
"""The files that run inside the pod are those of the release: the Deployment is rolled to them (CHANGELOG.md)."""
BACKUP = {"ConfigMap kotaemon-database-backup-files", "CronJob kotaemon-database-backup-job"}
"""The script of the nightly copy, which is a file of the release as well."""
NETWORK = {"NetworkPolicy kotaemon-policy"}
"""Names are resolved wherever the name server is; no pod starts anew for it."""
COPIES = {"NetworkPolicy kotaemon-database-backup-policy", "NetworkPolicy kotaemon-vectors-backup-policy"}
"""The same for the Jobs of nightly copies."""
FILES_VOLUME = {"PersistentVolume kotaemon-files-volume"}
"""The options of NFS, which a living volume takes at its next mount."""
SHARED_VOLUMES = {"PersistentVolume kotaemon-shared-volume", "PersistentVolume kotaemon-shared-folders-volume"}
"""The same for FSx."""
PREPARED = {"ConfigMap kotaemon-prepare-script"}
"""The script of preparation Jobs is a file of the release, too: the Jobs run once more, and find their folders."""
LUSTRE_FOLDERS = {"ConfigMap kotaemon-weights-folders-script", "Job kotaemon-weights-folders-job"}
OPENZFS_FOLDERS = {"ConfigMap kotaemon-shared-folders-script", "Job kotaemon-shared-folders-job"}
NAS_FOLDERS = {"ConfigMap kotaemon-files-folders-script", "Job kotaemon-files-folders-job"}
ALLOWED = {
    "dev": RUNTIME | NETWORK | FILES_VOLUME,
    "private-scaled": RUNTIME | NETWORK | FILES_VOLUME | BACKUP | COPIES,
    "aws-single": RUNTIME | NETWORK,
    "aws-scaled": RUNTIME | NETWORK | SHARED_VOLUMES | PREPARED | LUSTRE_FOLDERS | OPENZFS_FOLDERS,
    "alicloud-single": RUNTIME | NETWORK | PREPARED | NAS_FOLDERS,
    "alicloud-scaled": RUNTIME | NETWORK | PREPARED | NAS_FOLDERS,
}
"""Example -> everything that changes: no pod of another thing, no storage, no key, no name."""


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the earlier release."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"commit {COMMIT} is not in this clone: git fetch --unshallow")
    folder = tmp_path_factory.mktemp(RELEASE)
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def document(name: str, namespace: str) -> dict[str, Any]:
    """The stack file of the earlier release, in a namespace of its own."""
    found: dict[str, Any] = yaml.safe_load((FILES / f"Pulumi.{name}.yaml").read_text())
    config: dict[str, Any] = found["config"]
    config["kotaemon:namespace"] = namespace
    server = config.get("kotaemon:stores", {}).get("vectorStore", {})
    if "apiKey" in server:
        server["apiKey"] = "of-the-tests"  # the example's own is a placeholder that nobody can decrypt
    return {"config": config}


def rewritten(found: dict[str, Any]) -> dict[str, Any]:
    """The stack file as the errors of this release say to write it (tests/unit/upgrade/test_upgrade.py has them)."""
    section = found["config"].get("kotaemon:alicloud", {})
    database = section.get("database")
    if section:
        section["key"] = {"regionDefault": True, "rotationDays": 365}
    if database and "storageGib" in database:
        database["size"] = f"{database.pop('storageGib')}Gi"
    claims = found["config"]["kotaemon:storage"]["claims"].values()
    if any(claim["kind"] == "lustre" for claim in claims):
        found["config"]["kotaemon:aws"]["nodeGroupRules"] = True
    return found


BRIEF = ("dev", "aws-scaled")
"""What `make test` tries: no cloud, and a cloud with most of its kinds. The others are the long form."""
EXAMPLES = [pytest.param(name, marks=() if name in BRIEF else pytest.mark.long) for name in ALLOWED]


@pytest.fixture(scope="module", params=EXAMPLES)
def living(
    request: pytest.FixtureRequest,
    release: Path,
    cluster_for: Callable[[Platform], Cluster],
    tmp_path_factory: pytest.TempPathFactory,
) -> Living:
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump(rewritten(document(name, f"{name}-old")), sort_keys=False))
    file = stack_file.read(name, folder)
    cluster = cluster_for(file.settings.platform)
    # Without the transform of tests/engine/engines.py: the earlier release has none, and nothing is to change.
    project = Project.of(engines.with_clouds(folder, cluster.kubeconfig), file, cluster)
    stack = project.open()
    up_by_the_earlier_release(project, release, document(name, f"{name}-old"), stack.workspace.env_vars)
    return Living(name, stack, project.file, engines.kube(cluster), folder / "calls.jsonl")


def up_by_the_earlier_release(
    project: Project, release: Path, old: dict[str, Any], environment: Mapping[str, str]
) -> None:
    ours = yaml.safe_load(project.file.read_text())
    config = {**old["config"], "kotaemon:cluster": ours["config"]["kotaemon:cluster"]}
    salt = {key: value for key, value in ours.items() if key == "encryptionsalt"}
    project.file.write_text(yaml.safe_dump({**salt, "config": config}, sort_keys=False))
    command = Path(project.engine.command.command)
    given = {
        "root": str(command.parent.parent),
        "work": str(project.folder),
        "stack": project.stack,
        "environment": dict(environment),
    }
    done = subprocess.run(
        [sys.executable, str(EARLIER)],
        cwd=release,
        input=json.dumps(given),
        env={**os.environ, "PYTHONPATH": str(release)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    salt = {key: value for key, value in yaml.safe_load(project.file.read_text()).items() if key == "encryptionsalt"}
    project.file.write_text(yaml.safe_dump({**salt, "config": ours["config"]}, sort_keys=False))


def test_only_what_the_changelog_names_changes(living: Living) -> None:
    planned = living.preview()
    assert {f"{type_.rpartition(':')[2]} {name}" for _, type_, name in planned} == ALLOWED[living.name]
    # Of a new name for new files: the pods of the earlier version keep theirs until they end.
    assert {op for op, type_, _ in planned if not type_.endswith((":ConfigMap", ":Job"))} == {"update"}
    assert living.up() == planned
    assert living.up() == set()
