"""Stack files of every pair of choices on Alibaba Cloud: what each registers, against the provider's schema and rules."""

from typing import Any

import pytest

pytest.importorskip("covertable", reason="needs requirements-cloud-api.txt: make cloud-api")

import pulumi

from plan.recorder import Run, run_program
from stacks import program
from stacks.kinds.ecs_disk import EcsDiskClaim
from stacks.kinds.essd import EssdClaim
from stacks.kinds.nas import NasClaim
from stacks.kinds.ossfs import OssfsClaim
from stacks.platforms.alicloud.alarm_settings import AlicloudAlarmSettings
from stacks.platforms.alicloud.settings import AlicloudSettings, KeySettings
from stacks.safety import RefusedByGuard
from stacks.settings.bucket import BucketSettings
from stacks.settings.fields import Strict
from stacks.settings.load import SettingsError
from stacks.stores.apsaradb import ApsaraSettings
from tests.cloud_api import matrix, sdk
from tests.cloud_api.alicloud import provider_rules
from tests.cloud_api.alicloud.settings import APART, DIMENSIONS, settings
from tests.cloud_api.matrix import Row
from tests.unit.stacks.platforms.test_alicloud import Account
from tests.unit.stacks.platforms.test_alicloud_settings import config

ROWS = matrix.rows(DIMENSIONS, APART)
_IN_PODS = "it is about pods and volumes in the cluster; no resource of the cloud has it"
_KIND = {"kind": "it names the model"}
MODELS: dict[str, tuple[type[Strict], dict[str, str]]] = {
    "alicloud": (AlicloudSettings, {"clusterStack": "it names where the kubeconfig is"}),
    "alicloud.alarms": (AlicloudAlarmSettings, {}),
    "alicloud.key": (KeySettings, {}),
    "alicloud.database": (ApsaraSettings, dict.fromkeys(("caBundle", "driver"), _IN_PODS)),
    "bucket": (
        BucketSettings,
        {
            **dict.fromkeys(("endpoint", "region"), "for platform private"),
            **dict.fromkeys(("credentialsSecret", "archived"), _IN_PODS),
        },
    ),
    "storage.claims.=essd": (EssdClaim, _KIND),
    "storage.claims.=ecs-disk": (EcsDiskClaim, _KIND),
    "storage.claims.=nas": (NasClaim, {**_KIND, "infrequentAccessDays": "always refused"}),
    "storage.claims.=ossfs": (OssfsClaim, _KIND),
}
"""Where in a stack file -> the model of what is said there, and the fields that reach no cloud, with the reason."""


class WithKubeconfig(Account):
    """An account whose cluster tells a kubeconfig in the form that ACK's have."""

    def call(self, args: Any) -> Any:
        answer, failures = super().call(args)
        if "kubeConfig" in answer:
            answer = {"kubeConfig": '{"clusters": [{"name": "ack", "cluster": {"server": "https://43.0.0.1:6443"}}]}'}
        return answer, failures


def made(row: Row) -> Run:
    _, stack, values = settings(row)
    return run_program(program.run, WithKubeconfig(), config=config(values), stack=stack)


@pytest.mark.parametrize("row", matrix.parameters(ROWS))
def test_what_a_stack_registers_is_what_the_cloud_takes(row: Row) -> None:
    ours = [one for one in made(row).registrations if one.custom and one.type.startswith("alicloud:")]
    wrong = [line for one in ours for line in (*sdk.refused(one), *provider_rules.refused(one))]
    assert wrong == [], f"{wrong} of {row}"


def test_every_pair_that_may_stand_together_is_there() -> None:
    assert matrix.left_out(DIMENSIONS, APART, ROWS) == []


@pytest.mark.parametrize("at", MODELS)
def test_everything_that_can_be_said_is_said_in_some_stack_file(at: str) -> None:
    model, elsewhere = MODELS[at]
    assert matrix.not_chosen(model, at, [settings(row)[2] for row in ROWS], elsewhere) == []


@pytest.mark.parametrize("apart", APART, ids=lambda apart: f"{apart.one[0][1]}-{apart.other[0][1]}")
def test_what_is_kept_apart_is_refused(apart: matrix.Apart) -> None:
    """An exception of the matrix that is none would leave pairs out for nothing."""
    for one in apart.one:
        for other in apart.other:
            with pytest.raises((SettingsError, pulumi.RunError, RefusedByGuard), match=apart.refused):
                made(matrix.alone(DIMENSIONS, APART, one, other))
