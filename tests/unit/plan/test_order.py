"""The order of a mapping in a stack file decides nothing: the engine hands every mapping over sorted."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from plan import collect, stack_file

STACKS = sorted(file.name.split(".")[1] for file in stack_file.ROOT.glob("Pulumi.*.yaml"))
WHOLE = {name: collect.make(stack_file.read(name)).text for name in STACKS}


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    """The value with the keys of every mapping in another order. Lists keep theirs: it is part of their value."""
    if isinstance(value, dict):
        return {key: shuffled(draw, value[key]) for key in draw(st.permutations(list(value)))}
    return [shuffled(draw, part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", STACKS)
@settings(max_examples=5, deadline=None, phases=[Phase.generate])  # a smaller example would take minutes to find
@given(data=st.data())
def test_every_order_of_every_mapping_is_the_same_plan(name: str, data: st.DataObject) -> None:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{name}.yaml").read_text())
    other = data.draw(st.composite(shuffled)(document))  # type: ignore[arg-type]
    with TemporaryDirectory() as folder:
        (Path(folder) / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(other, sort_keys=False))
        assert collect.make(stack_file.read(name, Path(folder))).text == WHOLE[name]
