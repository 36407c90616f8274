"""What NAS takes as a file system: each rule by its exact words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.file.nas_rules import (
    NasKind,
    NasProtocol,
    NasStorageType,
    refused_kind,
    refused_squash,
    refused_system,
    usual_system,
)

NOTHING: dict[str, Any] = {"storage_type": None, "protocol": None, "recycle_bin_days": None, "backup_days": 30}


def reason(kind: str = "standard", size_gib: int = 100, **changes: Any) -> str:
    return refused_system(usual_system(kind, size_gib, **{**NOTHING, **changes}))


@pytest.mark.parametrize("kind", list(NasKind))
def test_the_defaults_of_each_family_can_be_made(kind: NasKind) -> None:
    assert reason(kind.value) == ""


def test_defaults() -> None:
    standard, extreme = (usual_system(kind, 100, **NOTHING) for kind in ("standard", "extreme"))
    assert (standard.storage_type, standard.protocol, standard.recycle_bin_days) == (
        NasStorageType.PERFORMANCE,
        NasProtocol.V4,
        7,
    )
    assert (extreme.storage_type, extreme.protocol, extreme.recycle_bin_days) == (
        NasStorageType.EXTREME_STANDARD,
        NasProtocol.V3,
        0,
    )


CPFS = (
    "cannot be encrypted with a key of yours (CreateFileSystem: EncryptType is for standard and extreme); "
    "mount one that exists through its NFS protocol service with a claim of kind nfs"
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("standard", ""),
        ("extreme", ""),
        ("cpfs", CPFS),
        ("cpfsse", CPFS),
        ("efs", "is no kind of NAS; allowed: standard, extreme"),
    ],
)
def test_families(kind: str, expected: str) -> None:
    assert refused_kind(kind) == expected


@pytest.mark.parametrize(
    ("squash", "expected"),
    [
        ("no_squash", ""),
        ("root_squash", ""),
        (
            "all_squash",
            "makes everybody nobody, so the role folders could not belong to the pods; use no_squash or root_squash",
        ),
        ("squash", "is no squash rule; allowed: no_squash, root_squash"),
    ],
)
def test_squash(squash: str, expected: str) -> None:
    assert refused_squash(squash) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"storage_type": "Capacity"}, ""),
        ({"protocol": "3"}, ""),
        ({"recycle_bin_days": 180, "backup_days": 0}, ""),
        ({"kind": "extreme", "storage_type": "advance", "size_gib": 262_144}, ""),
        (
            {"storage_type": "advance"},
            "storage type 'advance' does not exist for standard; allowed: Performance, Premium, Capacity",
        ),
        (
            {"kind": "extreme", "storage_type": "Premium"},
            "storage type 'Premium' does not exist for extreme; allowed: standard, advance",
        ),
        ({"recycle_bin_days": 181}, "the recycle bin keeps 181 days; NAS takes 1 to 180, 0 means none"),
        ({"backup_days": -1}, "backups are kept -1 days; Cloud Backup takes 1 day or more, 0 means none"),
        (
            {"infrequent_access_days": 30},
            "a lifecycle to Infrequent Access is not available for encrypted file systems, and this one is always "
            "encrypted (NAS FAQ about advanced management features); put cold data into OSS",
        ),
        ({"kind": "extreme", "protocol": "4.0"}, "an extreme file system speaks NFSv3 only, not 4.0"),
        (
            {"kind": "extreme", "size_gib": 99},
            "an extreme file system has 100 to 262144 GiB; the claim has 99 GiB",
        ),
        (
            {"kind": "extreme", "recycle_bin_days": 7},
            "an extreme file system has no recycle bin; set its days to 0",
        ),
    ],
)
def test_systems(changes: dict[str, Any], expected: str) -> None:
    assert reason(**changes) == expected


@given(
    st.sampled_from(list(NasKind)),
    st.sampled_from(list(NasStorageType)),
    st.sampled_from(list(NasProtocol)),
    st.integers(1, 300_000),
)
def test_what_is_accepted_is_never_extreme_with_locks(
    kind: NasKind, storage: NasStorageType, protocol: NasProtocol, size: int
) -> None:
    accepted = reason(kind.value, size, storage_type=storage.value, protocol=protocol.value) == ""
    if accepted and kind == NasKind.EXTREME:
        assert protocol == NasProtocol.V3
        assert 100 <= size <= 262_144
