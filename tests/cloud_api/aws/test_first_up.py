"""The calls of `make first-up-check`, and the answers that its tests give, are those of botocore's models."""

from typing import Any

import botocore
import botocore.session
from botocore.model import Shape
from botocore.validate import ParamValidator

from deploy.first_up import aws
from deploy.first_up.findings import ask
from deploy.first_up.reading import READS, kebab
from tests.unit.deploy.first_up.accounts import AWS_TYPES, BUYS, Cloud, asked, aws_account, aws_settings

_SESSION = botocore.session.get_session()


def exchanged() -> Cloud:
    """An account that was asked everything."""
    cloud = aws_account()
    ask(aws.checks(asked(aws_settings(), AWS_TYPES, BUYS), cloud))
    auto: dict[str, Any] = {"autoMode": True, "autoModeTags": True, "keyForNodes": False, "drivers": {}}
    ask(aws.checks(asked(aws_settings(**auto), AWS_TYPES), cloud))
    return cloud


def test_every_call_is_one_of_the_api() -> None:
    wrong: list[str] = []
    for service, operation, parameters in exchanged().calls:
        shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            wrong.append(f"{service} {operation}: {report.generate_report()}")
    assert wrong == []


def test_every_answer_has_only_members_of_the_api() -> None:
    cloud = exchanged()
    unknown = [
        f"{service} {operation}: {name}"
        for service, operation, answer in cloud.answered
        for name in _unknown(answer, _SESSION.get_service_model(service).operation_model(operation).output_shape)
    ]
    assert unknown == []
    assert {(service, operation) for service, operation, _ in cloud.answered} == set(aws_account().answers)


def test_the_names_on_the_command_line_are_those_of_botocore() -> None:
    for service in sorted({service for service, _ in aws_account().answers}):
        for operation in _SESSION.get_service_model(service).operation_names:
            if operation.startswith(READS):
                assert kebab(operation) == botocore.xform_name(operation, "-"), operation


def _unknown(value: Any, shape: Shape, where: str = "") -> list[str]:
    if shape.type_name == "structure":
        return [
            name
            for member, inner in value.items()
            for name in (
                _unknown(inner, shape.members[member], f"{where}.{member}")
                if member in shape.members
                else [f"{where}.{member}"]
            )
        ]
    if shape.type_name == "list":
        return [name for one in value for name in _unknown(one, shape.member, f"{where}[]")]
    kinds = {"string": str, "boolean": bool, "double": float, "integer": int}
    return [] if isinstance(value, kinds.get(shape.type_name, object)) else [f"{where}: not a {shape.type_name}"]
