"""Programs of Debian's that tests run. CI has them (.ci/run); on another machine a test says that it is not run."""

import os
import shutil

import pytest


def needed(program: str, package: str) -> None:
    """Skip the test where a program is missing; under CI that is a failure."""
    if shutil.which(program) is not None or shutil.which(program, path="/usr/sbin:/sbin") is not None:
        return
    how = f"{program} is not installed: apt-get install --no-install-recommends {package}"
    if os.environ.get("CI"):
        pytest.fail(how)
    pytest.skip(f"not run: {how}")
