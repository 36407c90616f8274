"""The package as another repository gets it: built, installed into an empty environment, and used by its program."""

import json
import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.pod.files import runtime_files
from tests.library.conftest import ROOT, Environment

EXAMPLE = ROOT / "examples" / "library"
CONFIG = {
    "region": "eu-central-1",
    "keyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "vpcId": "vpc-1",
    "nodeSecurityGroup": "sg-1",
    "subnets": json.dumps({"eu-central-1a": "subnet-a", "eu-central-1b": "subnet-b"}),
}


@pytest.fixture(scope="module")
def ran(environment: Environment) -> dict[str, Any]:
    assert CONFIG.keys() == yaml.safe_load((EXAMPLE / "Pulumi.yaml").read_text())["config"].keys()
    config = json.dumps({f"documents:{key}": value for key, value in CONFIG.items()})
    runner = str(Path(__file__).with_name("on_mocks.py"))
    return json.loads(environment.run(runner, str(EXAMPLE / "__main__.py"), config, folder=EXAMPLE))


def test_the_wheel_has_the_components_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"kotaemon_storage"}
    assert "kotaemon_storage/py.typed" in names
    shipped = {name.removeprefix("kotaemon_storage/") for name in names}
    assert {f"kotaemon/runtime/{name}" for name in runtime_files()} <= shipped, "files that run inside the pod"
    for folder in ("state/runtime", "nfs_server/runtime"):
        assert {f"{folder}/{path.name}" for path in (ROOT / "components" / folder).glob("*.*")} <= shipped


def test_only_the_sdks_of_the_clouds_that_are_asked_for_are_required(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    found = HeaderParser().parsestr(archive.read(metadata).decode())
    required = found.get_all("Requires-Dist") or []
    plain = [re.split(r"[<>=]", one)[0] for one in required if ";" not in one]
    assert sorted(plain) == ["pulumi", "pulumi-kubernetes", "typing-extensions"]
    extras = {
        extra: [one.split("<")[0] for one in required if f"extra == '{extra}'" in one] for extra in ("aws", "all")
    }
    assert extras == {"aws": ["pulumi-aws"], "all": ["pulumi-alicloud", "pulumi-aws", "pulumi-command"]}


def test_the_ranges_are_those_of_the_program() -> None:
    program = {line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()}
    ranges = re.findall(r'"(pulumi[a-z-]*>=[^"]*)"', (ROOT / "pyproject.toml").read_text())
    assert len(ranges) == 5
    assert set(ranges) <= program


def test_the_example_of_another_repository_makes_files_a_disk_and_the_application(ran: dict[str, Any]) -> None:
    types = [made["type"] for made in ran["registered"]]
    ours = {"kotaemon:index:ApplicationNamespace", "kotaemon:index:EbsStorage", "kotaemon:index:EfsStorage"}
    assert {kind for kind in types if kind.startswith("kotaemon:")} == {*ours, "kotaemon:index:Kotaemon"}
    assert {"aws:efs/fileSystem:FileSystem", "kubernetes:apps/v1:Deployment"} <= set(types)
    assert types.count("kubernetes:core/v1:PersistentVolumeClaim") == 2


def test_no_sdk_of_another_cloud_is_there_or_loaded(ran: dict[str, Any], environment: Environment) -> None:
    assert {"pulumi_aws", "kotaemon_storage"} <= set(ran["modules"])
    assert not [name for name in ran["modules"] if name.startswith(("pulumi_alicloud", "components", "stacks"))]
    code = "import importlib.util as u; print(u.find_spec('pulumi_alicloud'), u.find_spec('pydantic'))"
    assert environment.run("-c", code, folder=EXAMPLE) == "None None\n"


def test_importing_the_package_loads_no_sdk_at_all(environment: Environment) -> None:
    code = "import kotaemon_storage, sys; print([m for m in sys.modules if m.startswith('pulumi')])"
    assert environment.run("-c", code, folder=EXAMPLE) == "[]\n"


def test_a_type_checker_finds_a_misspelt_argument(environment: Environment, tmp_path: Path) -> None:
    program = (EXAMPLE / "__main__.py").read_text()
    for name, text in (("right.py", program), ("wrong.py", program.replace("vpc_id=", "vpcid="))):
        (tmp_path / name).write_text(text)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    checker = Path(sys.executable).with_name("basedpyright")
    checked = subprocess.run(
        [str(checker), "--outputjson", "--pythonpath", str(environment.python), "--project", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    errors = [found for found in json.loads(checked.stdout)["generalDiagnostics"] if found["severity"] == "error"]
    assert {Path(found["file"]).name for found in errors} == {"wrong.py"}
