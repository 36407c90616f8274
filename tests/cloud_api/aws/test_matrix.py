"""Stack files of every pair of choices on AWS: what each registers, against the provider's schema and botocore's models."""

import pytest

pytest.importorskip("covertable", reason="needs requirements-cloud-api.txt: make cloud-api")

import pulumi

from plan.recorder import Run, run_program
from stacks import program
from stacks.kinds.ebs import EbsClaim
from stacks.kinds.efs import EfsClaim
from stacks.kinds.lustre import LustreClaim
from stacks.kinds.mountpoint_s3 import MountpointClaim
from stacks.kinds.nfs_on_disk import NfsOnDiskClaim
from stacks.kinds.openzfs import OpenZfsClaim
from stacks.kinds.s3_files import S3FilesClaim
from stacks.platforms.aws.alarm_settings import AwsAlarmSettings
from stacks.platforms.aws.settings import AwsSettings, Drivers, DriverSettings
from stacks.safety import RefusedByGuard
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.bucket import BucketSettings
from stacks.settings.fields import Strict
from stacks.settings.load import SettingsError
from stacks.stores.rds import RdsSettings
from tests.cloud_api import matrix, sdk
from tests.cloud_api.aws.account import Account
from tests.cloud_api.aws.calls import calls, known
from tests.cloud_api.aws.settings import APART, DIMENSIONS, settings
from tests.cloud_api.aws.shapes import refused
from tests.cloud_api.matrix import Row
from tests.unit.stacks.platforms.test_alicloud_settings import config

ROWS = matrix.rows(DIMENSIONS, APART)
_IN_PODS = "it is about pods and volumes in the cluster; no resource of the cloud has it"
_KIND = {"kind": "it names the model"}
MODELS: dict[str, tuple[type[Strict], dict[str, str]]] = {
    "aws": (AwsSettings, {"clusterStack": "it names where the kubeconfig is"}),
    "aws.alarms": (AwsAlarmSettings, {}),
    "aws.drivers": (Drivers, {}),
    "aws.drivers.*": (DriverSettings, {}),
    "aws.database": (
        RdsSettings,
        {**dict.fromkeys(("caBundle", "driver"), _IN_PODS), "iamAuthentication": "application is refused"},
    ),
    "bucket": (
        BucketSettings,
        {
            **dict.fromkeys(("endpoint", "region"), "for platform private"),
            **dict.fromkeys(("credentialsSecret", "archived"), _IN_PODS),
        },
    ),
    "backupCopy": (BackupCopySettings, {}),
    "storage.claims.=ebs": (EbsClaim, _KIND),
    "storage.claims.=efs": (EfsClaim, _KIND),
    "storage.claims.=openzfs": (OpenZfsClaim, _KIND),
    "storage.claims.=lustre": (LustreClaim, {**_KIND, "provisioning": "only static is taken"}),
    "storage.claims.=nfs-on-disk": (
        NfsOnDiskClaim,
        {**_KIND, **dict.fromkeys(("mountOptions",), _IN_PODS), "security": "krb5p is refused"},
    ),
    "storage.claims.=mountpoint-s3": (MountpointClaim, _KIND),
    "storage.claims.=s3-files": (S3FilesClaim, _KIND),
}
"""Where in a stack file -> the model of what is said there, and the fields that reach no cloud, with the reason."""


def made(row: Row) -> Run:
    region, stack, values = settings(row)
    section = values["aws"]
    account = Account(region, auto_mode=section.get("autoMode", False), bottlerocket=section.get("bottlerocket", False))
    return run_program(program.run, account, config=config(values), stack=stack)


@pytest.mark.parametrize("row", matrix.parameters(ROWS))
def test_what_a_stack_registers_is_what_the_cloud_takes(row: Row) -> None:
    wrong: list[str] = []
    for one in made(row).registrations:
        if one.custom and one.type.startswith("aws:"):
            wrong += sdk.refused(one)
            assert known(one.type), f"{one.type} is not mapped to calls"
            wrong += [f"{one.name}: {e}" for call in calls(one.type, one.inputs, one.name) for e in refused(call)]
    assert wrong == [], f"{wrong} of {row}"


def test_every_pair_that_may_stand_together_is_there() -> None:
    """Without its role only Auto Mode takes the EBS driver, so what is apart from Auto Mode is apart from that, too."""
    for first, second in matrix.left_out(DIMENSIONS, APART, ROWS):
        assert first == ("ebs driver", "unnamed")
        assert matrix.apart(APART, second, ("nodes", "auto mode"))


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
