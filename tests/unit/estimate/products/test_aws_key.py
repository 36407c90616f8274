"""The key of AWS: recognised and billed."""

from decimal import Decimal

from estimate.product import Use
from estimate.products.aws_key import AwsKey


def test_a_key_is_recognised_with_its_rotation() -> None:
    rule = AwsKey.recognised().types["aws:kms/key:Key"]
    assert rule({"enableKeyRotation": True}, None) == AwsKey()
    assert rule({}, None) == AwsKey(rotates=False)


def test_requests_depend_on_use_and_rotation_is_told() -> None:
    found = {charge.what: (charge.quantity, charge.note) for charge in AwsKey().charges(Use())}
    assert found["key"] == (Decimal(1), "each of the first two rotations adds one")
    assert found["requests"][0] is None
    assert next(AwsKey(rotates=False).charges(Use())).note == ""


def test_it_is_of_all_roles_and_no_storage_of_a_claim() -> None:
    assert (AwsKey().apart_roles, AwsKey().apart_medium, AwsKey().speed()) == ("all roles", "key", None)
