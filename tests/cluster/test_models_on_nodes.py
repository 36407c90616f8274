"""Models on real nodes: a release copies them to every node first, pods start warm, and an image volume serves as well.

The tests follow each other, in this order. All of it is the long form: the release's logic has a short one in
tests/cluster/test_models.py.
"""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import AppsV1Api, CoreV1Api

from deploy import up
from devcluster.real import images, layout, share
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.single_writer import application_pods
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.unit.pod_user import UID

pytestmark = pytest.mark.long
NAME = "models-nodes"
ON_NODE = "/var/lib/kubelet/models"
"""The one place of a node with a folder of its own on the machine's disk."""
CACHE = {"kind": "local", "limit": "2Gi", "path": ON_NODE, "prefetch": True}
FILES_OF_A_MODEL, MIB = 40, 8
ARTIFACT = "registry.example.com/models:v1"


@dataclass
class Released:
    """A stack of which versions of models are released."""

    site: Site
    folder: Path

    def up(self, **models: Any) -> None:
        """Bring it up with this section `kotaemon:models`; none: without it."""
        claims: dict[str, Any] = {"disk": DISK, "files": FILES}
        self.site.file = stacks.write(self.folder, NAME, claims, **({"models": models} if models else {}))
        self.site.run(up.up)

    @property
    def shared(self) -> Path:
        """The folder of the role models, as the server has it."""
        source = f"{FILES['server']}:{FILES['path']}"
        return share.folder(layout.shares(self.site.cluster.directory), source) / "models"

    def on_node(self, node: str) -> Path:
        """The cache of a node."""
        return layout.folder(self.site.cluster.directory, node) / "kubelet/models"

    @property
    def nodes(self) -> list[str]:
        return sorted(node.metadata.name for node in CoreV1Api(self.site.cluster.api()).list_node().items)

    def package(self, version: str) -> None:
        folder = self.shared / ".incoming" / version
        folder.mkdir(parents=True)
        for number in range(FILES_OF_A_MODEL):
            (folder / f"{number}.safetensors").write_bytes(os.urandom(MIB * 2**20))
        for path in (folder, *folder.iterdir()):
            os.chown(path, UID, UID)

    def release(self, version: str) -> str:
        """Run the Job as the runbook says; what it printed."""
        return self.site.job("kotaemon-models", f"release-{version}", KS_VERSION=version)

    def application(self) -> Any:
        """The one pod that serves."""
        api = self.site.cluster.api()

        wait("the pod serves", lambda: len(application_pods(api, NAME)) == 1, 120)
        return application_pods(api, NAME)[0]

    def filled(self, pod: str) -> tuple[str, float]:
        """How a pod's models were there, cold or warm, and the seconds that it took."""
        said = CoreV1Api(self.site.cluster.api()).read_namespaced_pod_log(pod, NAME, container="fill-models")
        found = re.search(r"a (\w+) start of ([\d.]+) s", said)
        assert found, said
        return found[1], float(found[2])


@pytest.fixture(scope="module")
def released(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Released]:
    need_real_nodes()
    folder = tmp_path_factory.mktemp("models")
    with brought_up(stacks.write(folder, NAME, {"disk": DISK, "files": FILES})) as site:
        made = Released(site, folder)
        for node in made.nodes:  # who prepares the nodes makes the folder
            made.on_node(node).mkdir()
            os.chown(made.on_node(node), UID, UID)
        made.up(cache=CACHE)
        yield made


def test_every_node_has_a_version_before_the_application_is_rolled(released: Released) -> None:
    released.package("v1")
    said = released.release("v1")
    assert f"version v1 is in the cache of {len(released.nodes)} nodes" in said
    for node in released.nodes:
        assert len(list((released.on_node(node) / "v1").glob("*.safetensors"))) == FILES_OF_A_MODEL
    cold = released.filled(_prefetching(released)[0])
    warm = released.filled(released.application().metadata.name)
    assert (cold[0], warm[0]) == ("cold", "warm")
    print(f"cold {cold[1]} s, warm {warm[1]} s for {FILES_OF_A_MODEL * MIB} MiB")
    assert warm[1] < cold[1]


def test_the_application_sees_one_version_and_cannot_write_to_it(released: Released) -> None:
    pod = released.application()
    (mount,) = [m for m in pod.spec.containers[0].volume_mounts if m.mount_path == "/app/models"]
    assert mount.read_only
    assert pod.metadata.annotations["kotaemon.dev/models-version"] == "v1"


def test_the_next_version_finds_warm_nodes_as_well(released: Released) -> None:
    released.package("v2")
    released.release("v2")
    assert released.filled(released.application().metadata.name)[0] == "warm"
    assert {(released.on_node(node) / "v1").is_dir() for node in released.nodes} == {True}, "the one before is kept"


def test_an_image_volume_serves_without_a_claim(released: Released, tmp_path: Path) -> None:
    """The kubelet mounts an OCI artifact that the node has: no claim, no release, no copy."""
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact/model.safetensors").write_bytes(b"weights")
    archive = images.application(
        tmp_path / "artifact.tar", tmp_path / "artifact", "/models/.venv/bin/python", at="/models"
    )
    directory = released.site.cluster.directory
    images.store(directory, archive, ARTIFACT)
    released.site.cluster.stop()
    released.up(cache={"kind": "image", "image": ARTIFACT})
    pod = released.application()
    (volume,) = [v for v in pod.spec.volumes if v.name == "models-cache"]
    assert volume.image.reference == ARTIFACT
    assert not AppsV1Api(released.site.cluster.api()).list_namespaced_daemon_set(NAME).items


def _prefetching(released: Released) -> list[str]:
    pods = CoreV1Api(released.site.cluster.api()).list_namespaced_pod(
        NAME, label_selector="app.kubernetes.io/name=kotaemon-prefetch"
    )
    return [pod.metadata.name for pod in pods.items]
