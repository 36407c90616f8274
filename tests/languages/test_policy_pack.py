"""The policy pack as the engine runs it: on our own stacks, and on a program of somebody else.

The short form is in test_plain_pulumi.py.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pulumi import automation as auto

from components.contract import Platform
from deploy.engine import Project
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan import collect, stack_file
from plan.stack_file import ROOT, StackFile
from policy import check
from tests.engine import engines
from tests.languages.programs import Home, environment, lacking, opened

PACK = ROOT / "policy" / "pack"
if reason := lacking("pulumi-language-python"):
    pytest.skip(f"policy pack on the real engine: {reason}", allow_module_level=True)
if not (PACK / "venv").exists():
    reason = "policy pack on the real engine: not run: `make policy` has not made policy/pack/venv"
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.long
Told = tuple[str, str, str, str]
"""Rule, level, name of the resource, message."""
OF_THE_STRANGER = [
    ("customer-key", "mandatory", "clear", "encrypted is false; it must be true"),
    ("customer-key", "mandatory", "half", "encrypted is missing; it must be true"),
    (
        "data-is-kept",
        "mandatory",
        "volume",
        "persistentVolumeReclaimPolicy is Delete: the data goes with the claim; it must be Retain",
    ),
    (
        "replicas-access-mode",
        "mandatory",
        "writers",
        "up to 2 pods on the claim data, which is ReadWriteOnce: one pod only, or a claim that is ReadWriteMany",
    ),
]


class Ear:
    """Hears what the pack reports in a run."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def __call__(self, happened: auto.EngineEvent) -> None:
        if event := happened.policy_event:
            name = (event.resource_urn or "").rpartition("::")[2]
            message = event.message.strip().splitlines()[-1]  # before it comes what the rule is about
            self.told.append((event.policy_name, event.enforcement_level, name, message))


def planned(file: StackFile) -> list[Told]:
    """What `make plan` says of the same stack."""
    found = check(collect.preview(file).registrations)
    return [(v.rule, v.level.value, v.name, v.message) for v in found if not v.excepted]


@pytest.mark.parametrize("name", ["dev", "aws-single", "alicloud-single"])
def test_our_stacks_pass(
    name: str, cluster_for: Callable[[Platform], Cluster], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())
    platform = Platform(document["config"]["kotaemon:platform"])
    document["config"]["kotaemon:namespace"] = f"policy-{name}"
    (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    cluster, file = cluster_for(platform), stack_file.read(name, tmp_path)
    home = Home(tmp_path / "home", cluster.kubeconfig)
    project = Project.of(replace(engines.found(), environment=home.environment), file, cluster)
    ours = project.open()
    if platform == Platform.ALICLOUD:  # the example finds its cluster through clusterId
        written = yaml.safe_load(project.file.read_text())
        del written["config"]["kotaemon:cluster"]
        project.file.write_text(yaml.safe_dump(written, sort_keys=False))
    for run in (ours.preview, ours.up):
        heard = Ear()
        run(policy_packs=[str(PACK)], on_event=heard, color="never")
        assert sorted(heard.told) == sorted(planned(file))
        assert not [told for told in heard.told if told[1] == "mandatory"]


@pytest.fixture(scope="module")
def home(cluster_for: Callable[[Platform], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("stranger") / "home", cluster_for(Platform.PRIVATE).kubeconfig)


@pytest.fixture(scope="module")
def stranger(home: Home) -> auto.Stack:
    """The program in stranger/ with the packages of the environment that runs this test."""
    work = Path(shutil.copytree(Path(__file__).with_name("stranger"), home.folder.parent / "program"))
    environment(work / ".venv")
    return opened("stranger", work, home, {"kubeconfig": str(home.kubeconfig)}, {})


def test_a_preview_of_somebody_elses_program_is_stopped(stranger: auto.Stack) -> None:
    heard = Ear()
    with pytest.raises(auto.CommandError) as raised:
        stranger.preview(policy_packs=[str(PACK)], on_event=heard, color="never")
    assert sorted(heard.told) == OF_THE_STRANGER
    for _, _, _, message in OF_THE_STRANGER:
        assert message in str(raised.value)


def test_up_makes_nothing_of_what_breaks_a_rule(
    stranger: auto.Stack, home: Home, cluster_for: Callable[[Platform], Cluster]
) -> None:
    with pytest.raises(auto.CommandError, match="mandatory"):
        stranger.up(policy_packs=[str(PACK)], color="never")
    cluster = cluster_for(Platform.PRIVATE)
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    assert "of-a-stranger" not in [v["metadata"]["name"] for v in kube.list("v1", "PersistentVolume")]
    made = home.calls.read_text() if home.calls.exists() else ""
    assert "aws:ebs/volume:Volume" not in made


def test_the_configuration_decides_what_stops(stranger: auto.Stack, tmp_path: Path) -> None:
    def told(config: object) -> list[Told]:
        file, heard = tmp_path / "policy.json", Ear()
        file.write_text(json.dumps(config))
        stranger.preview(policy_packs=[str(PACK)], policy_pack_configs=[str(file)], on_event=heard, color="never")
        return sorted(heard.told)

    advised = [(rule, "advisory", name, message) for rule, _, name, message in OF_THE_STRANGER]
    assert told({"all": "advisory"}) == advised
    excepted = {"customer-key": {"except": {"clear": "holds nothing but a public data set"}}}
    assert told({"all": "advisory", **excepted}) == advised[1:]


def test_a_configuration_with_a_mistake_is_told(stranger: auto.Stack, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"image-pinned": {"digest": 1}}))
    with pytest.raises(auto.CommandError, match="image-pinned: digest: Invalid type"):
        stranger.preview(policy_packs=[str(PACK)], policy_pack_configs=[str(file)], color="never")
