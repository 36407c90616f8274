"""ApsaraDB for PostgreSQL: recognised, what is lost."""

from typing import Any

import pytest

from estimate.products.apsaradb import ApsaraPostgres

RULE = ApsaraPostgres.recognised().types["alicloud:rds/instance:Instance"]
INPUTS: dict[str, Any] = {"engine": "PostgreSQL", "instanceType": "pg.x4.medium.2c", "instanceStorage": 50}


def test_an_instance_is_what_its_inputs_say() -> None:
    assert RULE(INPUTS, None) == ApsaraPostgres("pg.x4.medium.2c", 50)


def test_another_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="engine MySQL: only PostgreSQL has a rule"):
        RULE({**INPUTS, "engine": "MySQL"}, None)


def test_its_standby_survives_a_zone_and_needs_two() -> None:
    found = ApsaraPostgres("pg.x4.medium.2c", 50)
    assert (found.lost_with_zone(), found.zones_needed, found.apart_roles) == ("", 2, "sessions")
