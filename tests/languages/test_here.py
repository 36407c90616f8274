"""Which of the examples run here: one line for each that does not."""

import subprocess
from pathlib import Path

import pytest
import yaml

from plan.stack_file import ROOT
from tests.languages.programs import Home, copy_of, install, lacking
from tests.languages.table import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_tools_of_an_example_are_here(example: Example) -> None:
    project = yaml.safe_load((ROOT / "examples" / example.name / "Pulumi.yaml").read_text())
    assert f"pulumi-language-{project['runtime']}" in example.tools
    if why := lacking(*example.tools):
        pytest.skip(f"example {example.name} on the real engine: {why}")


@pytest.mark.long
@pytest.mark.skipif(bool(lacking(*EXAMPLES[0].tools)), reason=lacking(*EXAMPLES[0].tools))
def test_pulumi_install_makes_the_plugin_an_environment_of_its_own(own_cache: Path, tmp_path: Path) -> None:
    work = copy_of("yaml", tmp_path, installed=False)
    install(work, Home(tmp_path / "home", tmp_path / "no-cluster"))
    python = tmp_path / "plugin" / "venv" / "bin" / "python"
    run = subprocess.run(
        [python, "-c", "import pulumi_kubernetes, sys; print(sys.prefix)"], capture_output=True, text=True
    )
    assert run.stdout.strip() == str(tmp_path / "plugin" / "venv"), run.stderr
