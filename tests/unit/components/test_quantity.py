"""Sizes."""

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.quantity import gib


@given(st.integers(1, 10**6))
def test_units(number: int) -> None:
    assert gib(f"{number}Gi", "size") == number
    assert gib(f"{number}Ti", "size") == 1024 * number


@pytest.mark.parametrize("size", ["100GB", "100G", "100", "0Gi", "-1Gi", "1.5Gi", "1 Gi", "", "Gi", "٣Gi", "1Gi\n"])
def test_anything_else_is_refused(size: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        gib(size, "NfsStorage 'files': size")
    assert str(refused.value) == (
        f"NfsStorage 'files': size: {size!r} is not allowed; it must be a whole number of Gi or Ti, for example 100Gi"
    )
