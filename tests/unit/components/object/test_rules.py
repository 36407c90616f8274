"""What S3 and OSS accept of a bucket: every rule with its nearest neighbour that passes."""

import pytest

from components.contract import BucketDialect
from components.object.rules import (
    ARCHIVES,
    READABLE,
    Cheaper,
    archived,
    archived_refused,
    endpoint_refused,
    lifecycle_refused,
    name_refused,
    prefix_refused,
    usual_lifecycle,
    version_days_refused,
)

S3, OSS = BucketDialect.S3, BucketDialect.OSS


@pytest.mark.parametrize("name", ["acme-kotaemon", "abc", "a" * 63, "1a1"])
def test_names_that_both_take(name: str) -> None:
    assert name_refused(name, S3) == name_refused(name, OSS) == ""


@pytest.mark.parametrize(
    "name", ["ab", "a" * 64, "Acme", "acme_x", "acme.example.com", "-acme", "acme-", "192.168.0.1", "", "acme kotaemon"]
)
def test_names_that_neither_takes(name: str) -> None:
    assert name_refused(name, S3)
    assert name_refused(name, OSS)


@pytest.mark.parametrize("name", ["xn--acme", "sthree-acme", "amzn-s3-demo-acme", "acme-s3alias", "acme--x-s3"])
def test_names_that_amazon_keeps(name: str) -> None:
    assert "Amazon keeps for itself" in name_refused(name, S3)
    assert name_refused(name, OSS) == ""


@pytest.mark.parametrize("prefix", ["files/", "a/b/", "backups/2026-11/", "a.b/"])
def test_prefixes(prefix: str) -> None:
    assert prefix_refused(prefix) == ""


@pytest.mark.parametrize("prefix", ["", "files", "/files/", "a//b/", "../", "a/../b/", "a b/", "*/"])
def test_prefixes_that_are_no_folder(prefix: str) -> None:
    assert "for example files/" in prefix_refused(prefix)


@pytest.mark.parametrize("dialect", [S3, OSS])
def test_an_archive_class_is_for_backups_only(dialect: BucketDialect) -> None:
    for class_ in ARCHIVES[dialect]:
        rule = Cheaper(days=90, storage_class=class_)
        assert lifecycle_refused("backups/", rule, dialect) == ""
        for prefix in ("files/", "", "backups-of-mine/"):
            assert "only allowed below backups/" in lifecycle_refused(prefix, rule, dialect)
    for class_ in READABLE[dialect]:
        assert lifecycle_refused("files/", Cheaper(days=90, storage_class=class_), dialect) == ""


def test_classes_of_the_other_cloud_are_unknown() -> None:
    assert "allowed: IA" in lifecycle_refused("files/", Cheaper(days=30, storage_class="STANDARD_IA"), OSS)
    assert "allowed: STANDARD_IA" in lifecycle_refused("files/", Cheaper(days=30, storage_class="IA"), S3)


def test_days() -> None:
    assert lifecycle_refused("files/", Cheaper(days=30, storage_class="STANDARD_IA"), S3) == ""
    assert "from 30 days on" in lifecycle_refused("files/", Cheaper(days=29, storage_class="STANDARD_IA"), S3)
    assert lifecycle_refused("files/", Cheaper(days=1, storage_class="GLACIER_IR"), S3) == ""
    assert "from 1 days on" in lifecycle_refused("files/", Cheaper(days=0, storage_class="IA"), OSS)
    assert version_days_refused(1) == version_days_refused(3650) == ""
    assert version_days_refused(0)
    assert version_days_refused(3651)


@pytest.mark.parametrize("dialect", [S3, OSS])
def test_the_usual_lifecycle_is_one_that_is_allowed_and_archives_nothing(dialect: BucketDialect) -> None:
    for prefix, rule in usual_lifecycle(dialect).items():
        assert prefix_refused(prefix) == lifecycle_refused(prefix, rule, dialect) == ""
    assert archived(usual_lifecycle(dialect), dialect) == []


def test_what_is_archived_cannot_be_mounted_nor_what_contains_it() -> None:
    rules = {"backups/old/": Cheaper(days=90, storage_class="DEEP_ARCHIVE"), **usual_lifecycle(S3)}
    found = archived(rules, S3)
    assert found == ["backups/old/"]
    assert archived_refused("files/", found) == archived_refused("backups/new/", found) == ""
    for prefix in ("", "backups/", "backups/old/", "backups/old/year/"):
        assert "moves backups/old/ to a class" in archived_refused(prefix, found)


def test_no_endpoint_without_tls() -> None:
    assert endpoint_refused("https://s3.example.com") == endpoint_refused("https://10.0.0.5:9000/") == ""
    for url in ("http://s3.example.com", "s3.example.com", "https://key:secret@s3.example.com", "https://s3/bucket"):
        assert "plain HTTP is not allowed" in endpoint_refused(url)


def test_two_rules_never_have_one_name() -> None:
    from components.object.rules import rule_ids

    one = Cheaper(days=30, storage_class="GLACIER_IR")
    found = rule_ids({"a/b/": one, "a-b/": one, "files/": one, "": one, "all/": one})
    assert len(set(found.values())) == 5
    assert found["files/"] == "cheaper-files", "the name that living buckets have"
