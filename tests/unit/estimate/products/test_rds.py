"""RDS for PostgreSQL: recognised, what is cheaper, what is lost."""

from typing import Any

import pytest

from estimate.products.rds import RdsPostgres

RULE = RdsPostgres.recognised().types["aws:rds/instance:Instance"]
INPUTS: dict[str, Any] = {
    "engine": "postgres",
    "instanceClass": "db.t4g.small",
    "allocatedStorage": 20,
    "storageType": "gp3",
}


def test_an_instance_is_what_its_inputs_say() -> None:
    assert RULE(INPUTS, None) == RdsPostgres("db.t4g.small", 20, multi_az=False)
    assert RULE({**INPUTS, "multiAz": True}, None) == RdsPostgres("db.t4g.small", 20, multi_az=True)


def test_another_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="engine mysql: only postgres has a rule"):
        RULE({**INPUTS, "engine": "mysql"}, None)


def test_one_zone_is_cheaper_and_lost_with_it_and_still_needs_subnets_in_two() -> None:
    two, one = (RdsPostgres("db.t4g.small", 20, multi_az=multi) for multi in (True, False))
    assert [(change, product) for change, _, product in two.cheaper()] == [("multiAz: false", one)]
    assert list(one.cheaper()) == []
    assert (two.lost_with_zone(), one.lost_with_zone()) == ("", "the database is in one zone")
    assert (two.zones_needed, one.zones_needed) == (2, 2)


def test_it_holds_sessions_and_is_no_storage_of_a_claim() -> None:
    found = RdsPostgres("db.t4g.small", 20, multi_az=True)
    assert (found.apart_roles, found.apart_medium, found.speed()) == ("sessions", "database", None)
