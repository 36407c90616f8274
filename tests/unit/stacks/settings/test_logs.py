"""The section `kotaemon:logs`."""

import pytest
from pydantic import ValidationError

from stacks.settings.logs import LogSettings


def test_only_what_is_said_is_handed_on() -> None:
    assert LogSettings.model_validate({}).args() == {}
    chosen = {"maxFileSize": "16Mi", "files": 9, "maxTotalSize": "2Gi"}
    assert LogSettings.model_validate(chosen).args() == {"max_file_mib": 16, "files": 9, "max_total_mib": 2048}


def test_the_total_is_not_less_than_one_file() -> None:
    with pytest.raises(ValidationError, match="maxTotalSize 8Mi is less than maxFileSize 64Mi"):
        LogSettings.model_validate({"maxFileSize": "64Mi", "maxTotalSize": "8Mi"})
