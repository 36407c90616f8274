"""The archiver's CronJob: one at a time, as uid 1001, with nothing in reach but what it moves."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.contract import AccessMode, Claim, Locks, Medium, RoleMount
from components.object.archiver import Archiver, ArchiverArgs, check

FILES = Claim(
    name="files",
    access_mode=AccessMode.RWX,
    medium=Medium.FILE,
    backend="efs",
    size_gib=100,
    zones=[],
    encrypted_by="KMS",
    locks=Locks.SHARED,
    fs_group=False,
)
COLD: Claim = {**FILES, "name": "cold", "medium": Medium.OBJECT, "backend": "object", "locks": Locks.NONE}
DISK: Claim = {**FILES, "name": "disk", "access_mode": AccessMode.RWOP, "medium": Medium.BLOCK, "backend": "disk"}


def mount(claim: Claim, folder: str, *, read_only: bool = False) -> RoleMount:
    return RoleMount(claim=claim, sub_path=folder, read_only=read_only)


def arguments(**changes: Any) -> ArchiverArgs:
    values: dict[str, Any] = {
        "namespace": "app",
        "cold": mount(COLD, "eval"),
        "reports": mount(FILES, "reports"),
        "logs": mount(FILES, "logs"),
    }
    found = {**values, **changes}
    return ArchiverArgs(**{key: value for key, value in found.items() if value is not None})


@pytest.fixture
def spec(pulumi_run: Callable[..., Any]) -> dict[str, Any]:
    run = pulumi_run(
        lambda: Archiver("archive", arguments(saved_per_gib="0.2", currency="USD", renames=False)) and None
    )
    policy = run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [policy.get("egress"), policy.get("ingress")] in ([None, None], [[], []]), "it talks with nobody"
    account = run.one("kubernetes:core/v1:ServiceAccount").inputs
    assert account["automountServiceAccountToken"] is False
    return run.one("kubernetes:batch/v1:CronJob").inputs["spec"]


def test_one_run_at_a_time(spec: dict[str, Any]) -> None:
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["schedule"] == "40 3 * * *"
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 12 * 3600


def test_it_reaches_what_it_moves_and_no_other_role(spec: dict[str, Any]) -> None:
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (1001, True)
    [container] = pod["containers"]
    places = {m["mountPath"]: (m["name"], m.get("subPath")) for m in container["volumeMounts"]}
    assert places["/from/reports"] == ("claim-1", "reports")
    assert places["/from/logs"] == ("claim-1", "logs")
    assert places["/cold"] == ("claim-0", None)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    claims = {
        v["name"]: v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v
    }
    assert claims == {"claim-0": "cold", "claim-1": "files"}


def test_what_the_script_is_told(spec: dict[str, Any]) -> None:
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    told = {v["name"]: v["value"] for v in pod["containers"][0]["env"]}["KS_ARCHIVE"]
    assert json.loads(told) == {
        "days": 30,
        "renames": False,
        "saved_per_gib": "0.2",
        "currency": "USD",
        "moves": [
            {"what": "reports", "from": "/from/reports", "to": "/cold/eval"},
            {"what": "logs", "from": "/from/logs", "to": "/cold/logs/archive"},
        ],
    }
    folders = {v["name"]: v["value"] for v in pod["initContainers"][0]["env"]}["KS_FOLDERS"]
    assert json.loads(folders) == ["/whole/claim-1/reports", "/whole/claim-1/logs"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": 0}, "days: 0 is not allowed"),
        ({"reports": None, "logs": None}, "nothing to move"),
        ({"cold": mount(COLD, "eval", read_only=True)}, "cold: the role is mounted read-only"),
        ({"logs": mount(COLD, "logs")}, "logs: it is on the claim cold, where the role eval is as well"),
        ({"logs": mount(DISK, "logs")}, "the claim disk is ReadWriteOncePod"),
        *(
            ({"reports": mount(FILES, folder)}, "whose files are never moved")
            for folder in ("indexes", "sessions", "uploads", "models", "models/latest")
        ),
        ({"reports": mount(FILES, "../etc")}, "'../etc' is not a folder inside the claim"),
    ],
)
def test_mistakes(changes: dict[str, Any], message: str) -> None:
    [line] = check("archive", arguments(**changes))
    assert message in line


def test_nothing_is_wrong_with_the_usual() -> None:
    assert check("archive", arguments()) == check("archive", arguments(logs=None)) == []
