"""What LogShipping refuses, and where its pods may connect to."""

from typing import Any

import pytest

from components.contract import RoleMount
from components.logs.args import LogProgram, LogReader
from components.logs.shipping import mistakes, shipping
from tests.unit.components.logs.samples import DISK, OUTPUTS, SLS, args, made

AGENT = {"reader": LogReader.NODE_AGENT}
ON_DISK = RoleMount(claim=DISK, sub_path="logs", read_only=False)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("changes", [{}, AGENT, {"program": LogProgram.FLUENT_BIT}])
def test_good_arguments_pass(output: str, changes: dict[str, Any]) -> None:
    assert mistakes("kotaemon-logs", args(output, **changes)) == []


def test_sls_needs_no_pods_of_ours() -> None:
    assert mistakes("kotaemon-logs", {"namespace": "kotaemon", "output": SLS}) == []
    said = mistakes("kotaemon-logs", {"namespace": "kotaemon", "output": {"kind": SLS["kind"]}, "state_class": "x"})
    assert [line.split(":")[0] for line in said] == [
        "output.project",
        "output.logstore",
        "output.region",
        "state_class",
    ]


@pytest.mark.parametrize(
    ("output", "changes", "message"),
    [
        ("otlp", {"output": {"kind": "otlp"}}, "output.endpoint: missing; the output otlp needs it"),
        ("cloudwatch", {"output": {"kind": "cloudwatch", "region": "x"}}, "output.log_group: missing"),
        (
            "otlp",
            {"credentials": {"TOKEN": "x"}},
            "credentials: TOKEN is not allowed; the output otlp takes AUTHORIZATION",
        ),
        (
            "elasticsearch",
            {"credentials": {"USER": "x"}},
            "the output elasticsearch takes API_KEY; or USER and PASSWORD",
        ),
        ("otlp", {"credentials": {"AUTHORIZATION": "x"}, "credentials_secret": "y"}, "leave one of them out"),
        ("otlp", {"role_arn": "arn:x"}, "role_arn: only for the output cloudwatch"),
        ("otlp", {"logs": ON_DISK}, "reader: shared-files needs the role logs on a claim that several pods mount"),
        ("otlp", {**AGENT, "state_class": "gp3"}, "state_class: only for the reader shared-files"),
        (
            "elasticsearch",
            {"credentials": {"API_KEY": "x"}, "program": LogProgram.FLUENT_BIT},
            "credentials: API_KEY is only for the program opentelemetry",
        ),
        (
            "otlp",
            {"output": {"kind": "otlp", "endpoint": "https://otlp.example.com:4318"}},
            "server: missing; the network policy knows no names, and otlp.example.com is reached on port 4318",
        ),
        (
            "otlp",
            {"output": {"kind": "otlp", "endpoint": "http://169.254.169.254:80"}},
            "is a link-local address, which gives the credentials of the node",
        ),
    ],
)
def test_mistakes(output: str, changes: dict[str, Any], message: str) -> None:
    said = mistakes("kotaemon-logs", args(output) | changes)  # type: ignore[operator]
    assert len(said) == 1
    assert message in said[0]


def test_an_agent_needs_no_claim() -> None:
    assert mistakes("kotaemon-logs", args(**AGENT, logs=ON_DISK)) == []


def test_the_server_is_read_from_the_address_or_named() -> None:
    assert (made("otlp").servers, made("otlp").https) == ([], True)
    assert made("grpc").servers == [{"cidr": "10.0.0.7/32", "port": 4317}]
    assert made("loki").servers == [{"namespace": "loki", "port": 80}]
    assert not made("loki").https
    named = made("otlp", server={"cidr": "10.1.0.0/16", "port": 443})
    assert (named.servers, named.https) == ([{"cidr": "10.1.0.0/16", "port": 443}], False)


def test_a_service_by_its_name_alone_is_the_applications_neighbour_also_for_an_agent() -> None:
    near = {"kind": "otlp", "endpoint": "http://collector:4318"}
    assert shipping("x", args(**AGENT) | {"output": near}).servers == [{"namespace": "kotaemon", "port": 4318}]  # type: ignore[operator]
