"""Which of the examples run here: one line for each that does not."""

import pytest
import yaml

from plan.stack_file import ROOT
from tests.languages.programs import lacking
from tests.languages.table import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_tools_of_an_example_are_here(example: Example) -> None:
    project = yaml.safe_load((ROOT / "examples" / example.name / "Pulumi.yaml").read_text())
    assert f"pulumi-language-{project['runtime']}" in example.tools
    if why := lacking(*example.tools):
        pytest.skip(f"example {example.name} on the real engine: {why}")
