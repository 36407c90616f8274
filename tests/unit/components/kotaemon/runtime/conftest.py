"""A folder whose volume does not answer: a FUSE file system without a server, as killable as a hard NFS mount."""

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MNT_DETACH = 2


@pytest.fixture
def hangs() -> Iterator[Callable[[Path], None]]:
    """Makes every access to a folder wait until the test is over."""
    libc, mounted = ctypes.CDLL(None, use_errno=True), list[tuple[int, Path]]()

    def hang(folder: Path) -> None:
        try:
            descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            pytest.skip(f"no FUSE here: {error}")
        options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0".encode()
        if libc.mount(b"dead", os.fsencode(folder), b"fuse.dead", 0, options):
            os.close(descriptor)
            pytest.skip(f"may not mount here: {os.strerror(ctypes.get_errno())}")
        mounted.append((descriptor, folder))

    yield hang
    for descriptor, folder in mounted:
        libc.umount2(os.fsencode(folder), MNT_DETACH)
        os.close(descriptor)  # ends what still waits


@pytest.fixture
def hanging(tmp_path: Path, hangs: Callable[[Path], None]) -> Path:
    """A folder that does not answer."""
    folder = tmp_path / "hanging"
    folder.mkdir()
    hangs(folder)
    return folder
