"""Two resources that describe one thing: by the name in the cluster or in the account, never by the name in the program."""

from typing import Any

import pytest

from guard.twice import Described, described, twice

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def thing(namespace: Any, name: Any, version: str = "v1", kind: str = "PersistentVolumeClaim") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace, "name": name}}


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        (CLAIM, thing("a", "b"), "PersistentVolumeClaim a/b"),
        ("kubernetes:core/v1:Namespace", thing(None, "b", kind="Namespace"), "Namespace b"),
        ("kubernetes:batch/v1:Job", thing("a", "b", "batch/v1", "Job"), "batch Job a/b"),
        (CLAIM, thing("a", None), ""),
        (CLAIM, thing(object(), "b"), ""),
        ("aws:kms/alias:Alias", {"name": "alias/x"}, "aws:kms/alias:Alias alias/x"),
        ("aws:rds/instance:Instance", {"identifier": "x"}, "aws:rds/instance:Instance x"),
        ("alicloud:hbr/vault:Vault", {"vaultName": "x"}, "alicloud:hbr/vault:Vault x"),
        ("alicloud:nas/mountTarget:MountTarget", {"accessGroupName": "x"}, ""),
        ("pulumi:providers:aws", {"name": "x"}, ""),
    ],
)
def test_what_is_described(type_: str, inputs: dict[str, Any], expected: str) -> None:
    assert described(Described(type_, "name", inputs)) == expected


def test_one_line_for_each_second_one() -> None:
    found = twice(Described(CLAIM, name, thing("a", of)) for name, of in (("one", "x"), ("two", "y"), ("three", "x")))
    assert found == [
        "PersistentVolumeClaim a/x: is described by one and by three; rename one of their claims or stores"
    ]


def test_versions_of_one_group_are_one_object() -> None:
    kind = "HorizontalPodAutoscaler"
    one, two = (Described(CLAIM, name, thing("a", "x", f"autoscaling/{name}", kind)) for name in ("v1", "v2"))
    assert len(twice([one, two])) == 1
