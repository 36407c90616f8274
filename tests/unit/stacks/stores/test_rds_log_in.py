"""Tokens of IAM on RDS: for others than the application, and in place."""

from collections.abc import Callable
from typing import Any

import pytest

from plan.recorder import Run
from tests.unit.stacks.platforms.test_aws import Account, run
from tests.unit.stacks.platforms.test_aws_settings import errors, example

INSTANCE, SECRET = "aws:rds/instance:Instance", "kubernetes:core/v1:Secret"


def with_log_in(wanted: str | None) -> dict[str, Any]:
    values = example("aws-scaled")
    if wanted is not None:
        values["aws"]["database"]["iamAuthentication"] = wanted
    return values


def test_others_log_in_with_tokens_and_the_application_keeps_its_password(pulumi_run: Callable[..., Run]) -> None:
    asked, plain = (run(pulumi_run, with_log_in(wanted), Account()) for wanted in ("others", None))
    assert asked.one(INSTANCE).inputs["iamDatabaseAuthenticationEnabled"] is True
    assert "iamDatabaseAuthenticationEnabled" not in plain.one(INSTANCE).inputs
    urls = [[r.inputs["data"].keys() for r in made.of(SECRET) if r.name.endswith("-url")] for made in (asked, plain)]
    assert urls[0] == urls[1] == [{"url"}]


def test_a_living_database_changes_in_place(pulumi_run: Callable[..., Run]) -> None:
    first = run(pulumi_run, with_log_in(None), Account())
    left = {name: first.outputs[name].value for name in ("facts", "memory")}
    second = run(pulumi_run, with_log_in("others"), Account(), earlier=left)
    assert second.one(INSTANCE).inputs["iamDatabaseAuthenticationEnabled"] is True
    assert second.one(INSTANCE).inputs["identifier"] == first.one(INSTANCE).inputs["identifier"]
    assert "applyImmediately" not in second.one(INSTANCE).inputs


def test_the_application_with_tokens_is_refused_with_the_reason() -> None:
    (error,) = errors(with_log_in("application"))
    assert "a token is good for 15 minutes" in error
    assert "applicationRole: true" in error


@pytest.mark.parametrize("wanted", ["everybody", True])
def test_nothing_else_is_known(wanted: Any) -> None:
    assert errors(with_log_in(wanted))
