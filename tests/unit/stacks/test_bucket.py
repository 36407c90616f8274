"""The section `kotaemon:bucket`: what is made, what is refused, what is remembered, and what a change does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.contract import BucketDialect
from plan import collect, stack_file
from plan.stack_file import StackFile
from stacks import bucket, changes, existing, facts
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_memory import changed, refused

AWS = {"bucket": {"name": "acme-cold"}}
OWN = {
    "bucket": {
        "name": "cold",
        "endpoint": "https://s3.example.org:9000/",
        "credentialsSecret": "bucket-keys",
        "encryptedBy": "the server",
    }
}


def made(file: StackFile) -> dict[str, dict[str, Any]]:
    found = collect.preview(file).registrations
    return {r.type: r.inputs for r in found if r.name.startswith("bucket-") and r.custom}


def said(folder: Path, example: str, section: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as told:
        changed(folder, example, {"bucket": section})
    return list(told.value.errors)


@pytest.mark.parametrize(
    ("example", "dialect", "endpoint", "type_"),
    [
        ("aws-single", "s3", "https://s3.eu-central-1.amazonaws.com", "aws:s3/bucket:Bucket"),
        ("alicloud-single", "oss", "https://oss-cn-hangzhou-internal.aliyuncs.com", "alicloud:oss/bucket:Bucket"),
    ],
)
def test_a_cloud_makes_its_own(example: str, dialect: str, endpoint: str, type_: str, tmp_path: Path) -> None:
    file = changed(tmp_path, example, AWS)
    assert type_ in made(file)
    told = collect.make(file)
    assert told.outputs["bucket"]["endpoint"] == endpoint
    assert told.outputs["bucket"]["dialect"] == dialect
    assert told.outputs["bucket"]["credentials_secret"] == ""
    assert told.outputs["bucket"]["encrypted_by"].startswith("KMS ")
    assert not [v for v in told.policy if "bucket" in v.model_dump_json()], told.policy
    assert [line.resource for line in told.cost.lines if line.resource == "bucket-bucket"]


def test_a_server_of_ones_own_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    file = changed(tmp_path, "private-scaled", OWN)
    assert made(file) == {}
    assert bucket.planned(file.settings) == {
        "name": "cold",
        "dialect": BucketDialect.S3,
        "region": "us-east-1",
        "endpoint": "https://s3.example.org:9000",
        "path_style": True,
        "credentials_secret": "bucket-keys",
        "encrypted_by": "the server",
        "archived": [],
    }
    assert "bucket" not in collect.make(file).memory["known"], "what the stack does not make, it does not protect"


def test_a_bucket_that_is_there_is_not_made(tmp_path: Path) -> None:
    section = {"name": "acme-cold", "exists": True, "encryptedBy": "KMS of another team", "archived": ["old/"]}
    file = changed(tmp_path, "aws-single", {"bucket": section})
    assert made(file) == {}
    found = bucket.planned(file.settings)
    assert found is not None
    assert (found["encrypted_by"], found["archived"]) == ("KMS of another team", ["old/"])
    assert not [line for line in collect.make(file).cost.lines if line.resource.startswith("bucket")]


def test_without_the_section_there_is_none() -> None:
    file = stack_file.read("aws-single")
    assert bucket.planned(file.settings) is None
    assert collect.make(file).outputs["bucket"] == {}


@pytest.mark.parametrize(
    ("example", "section", "message"),
    [
        ("aws-single", {"name": "Acme"}, "bucket.name: 'Acme' must have 3 to 63 lower-case letters"),
        ("aws-single", {"name": "acme.example.org"}, "fits no TLS certificate"),
        ("aws-single", {"name": "acme-s3alias"}, "which Amazon keeps for itself"),
        ("aws-single", {"name": "acme", "versionDays": 0}, "versionDays"),
        ("aws-single", {"name": "acme", "surprise": 1}, "surprise"),
        ("aws-single", {"name": "acme", "region": "eu-west-1"}, "region is allowed only with endpoint"),
        ("aws-single", {"name": "acme", "encryptedBy": "me"}, "encryptedBy is for a bucket that is there already"),
        ("aws-single", {"name": "acme", "archived": ["old/"]}, "archived is for a bucket that is there already"),
        ("aws-single", {"name": "acme", "exists": True, "lifecycle": {}}, "that of this one is its owner's"),
        ("aws-single", OWN["bucket"], "is only for platform private"),
        (
            "aws-single",
            {"name": "acme", "lifecycle": {"files/": {"afterDays": 90, "storageClass": "DEEP_ARCHIVE"}}},
            "storageClass 'DEEP_ARCHIVE' is only allowed below backups/",
        ),
        (
            "aws-single",
            {"name": "acme", "lifecycle": {"files/": {"afterDays": 7, "storageClass": "STANDARD_IA"}}},
            "afterDays 7 is too early",
        ),
        (
            "alicloud-single",
            {"name": "acme", "lifecycle": {"files/": {"afterDays": 90, "storageClass": "Archive"}}},
            "storageClass 'Archive' is only allowed below backups/",
        ),
        ("private-scaled", {"name": "acme"}, "platform private has no buckets of its own; give endpoint"),
        ("private-scaled", {**OWN["bucket"], "endpoint": "http://s3.example.org"}, "plain HTTP is not allowed"),
        ("private-scaled", {"name": "acme", "endpoint": "https://s3"}, "credentialsSecret: missing"),
    ],
)
def test_bad_input_is_refused_by_name(example: str, section: dict[str, Any], message: str, tmp_path: Path) -> None:
    [line] = said(tmp_path, example, section)
    assert line.startswith("kotaemon:bucket")
    assert message in line


def test_another_name_is_another_bucket_and_refused(pulumi_run: Callable[..., Any], tmp_path: Path) -> None:
    before = collect.make(changed(tmp_path, "aws-single", AWS)).memory
    assert before["known"]["bucket"]["place"]["words"] == {"bucket": "acme-cold"} if "place" in before else True
    told = refused(changed(tmp_path, "aws-single", {"bucket": {"name": "acme-colder"}}), before, pulumi_run)
    assert "kotaemon:bucket: is bucket acme-cold, and would be bucket acme-colder" in told


def test_it_leaves_the_stack_only_when_it_is_released(pulumi_run: Callable[..., Any], tmp_path: Path) -> None:
    before = collect.make(changed(tmp_path, "aws-single", AWS)).memory
    told = refused(changed(tmp_path, "aws-single", {}), before, pulumi_run)
    assert "kotaemon:released: [bucket]" in told
    released = changed(tmp_path, "aws-single", {**AWS, "released": ["bucket"]})
    protected = {r.protect for r in collect.preview(released).registrations if r.type.startswith("aws:s3/")}
    assert protected == {False}
    collect.make(changed(tmp_path, "aws-single", {}), collect.make(released).memory)


def test_it_is_taken_up_again_by_its_name(tmp_path: Path) -> None:
    section = {"name": "acme-cold", "existing": {"bucket": "acme-cold", "policy": "acme-cold"}}
    file = changed(tmp_path, "aws-single", {"bucket": section})
    assert existing.wanted(file.settings) == {"bucket-bucket": "acme-cold", "bucket-policy": "acme-cold"}
    assert {"bucket-bucket", "bucket-policy"} <= {r.name for r in collect.preview(file).registrations}
    [line] = said(tmp_path, "aws-single", {"name": "acme-cold", "existing": {"queue": "acme-cold"}})
    assert "existing.queue: unknown part" in line


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"name": "acme-cold", "versionDays": 60}, "bucket.versionDays: 30 -> 60, in place"),
        ({"name": "acme-cold", "lifecycle": {}}, "new, old stays"),
        ({"name": "acme-colder"}, "bucket.name: acme-cold -> acme-colder, refused"),
    ],
)
def test_what_a_change_does(section: dict[str, Any], words: str, tmp_path: Path) -> None:
    before = collect.make(changed(tmp_path, "aws-single", AWS)).facts
    after = collect.make(changed(tmp_path, "aws-single", {"bucket": section})).facts
    [change] = changes.between(before, after)
    assert words in change.line


def test_facts_of_an_earlier_release_have_no_bucket(tmp_path: Path) -> None:
    after = collect.make(changed(tmp_path, "aws-single", AWS)).facts
    assert changes.between({key: value for key, value in after.items() if key != "bucket"}, after) == []
    assert facts.NO_FACT not in after["bucket"]


def test_a_key_of_another_account_has_to_let_s3_use_it(pulumi_run: Callable[..., Any], tmp_path: Path) -> None:
    from tests.unit.stacks.platforms.test_aws import Account

    arn = "arn:aws:kms:eu-central-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    for section, expected in (({"name": "acme-cold"}, True), (None, False)):
        change = {"bucket": section, "aws.keyArn": arn}
        file = changed(tmp_path, "aws-single", change)
        run = pulumi_run(file.program, Account(), stack=file.name, config=file.config, secret_keys=file.secret_keys)
        [line] = [line for line in run.warnings if "of another account" in line]
        assert ("s3.eu-central-1.amazonaws.com" in line) == expected
