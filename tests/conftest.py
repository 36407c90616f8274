"""Mocked providers for every test that creates resources."""

import os
from collections.abc import Callable

import pytest

from plan.recorder import Run, run_program

# A `make` that a test calls must say what it says when a person calls it. Started by `make test`, it would find
# itself inside of another one, and print which folder it enters (-w, GNU make's manual, "The --print-directory Option").
for inherited in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(inherited, None)


@pytest.fixture
def pulumi_run() -> Callable[..., Run]:
    """`run = pulumi_run(program, preview=False, config={...}, resources=Echo())` runs a program to its very end.

    Every resource and every Output is awaited, so a failed `apply` fails the test even when nobody returned it,
    and nothing has to be decorated. What `program` returns (a mapping of names to Outputs) is in `run.outputs`.

        def test_claim_name(pulumi_run):
            run = pulumi_run(lambda: {"claim": NfsStorage("files", args).claim_name})
            assert run.outputs["claim"].value == "files"
            assert run.one("kubernetes:core/v1:PersistentVolume").protect
    """
    return run_program
