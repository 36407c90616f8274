"""Two roles are never in one folder, also where two claims name it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plan.recorder import Run
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_planned import changed, refused

RunProgram = Callable[..., Run]
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}
EXPORT = {"kind": "nfs", "server": "nas.example.net", "path": "/srv/k", "encryptedBy": "LUKS"}


def storage(second: dict[str, Any], **roles: dict[str, str]) -> dict[str, Any]:
    places = {"models": {"claim": "files"}, "uploads": {"claim": "files"}, "eval": {"claim": "files"}, **roles}
    return {"claims": {"disk": DISK, "files": EXPORT, "more": {**EXPORT, **second}}, "roles": places}


@pytest.mark.parametrize(
    ("second", "folder"),
    [
        ({"path": "/srv//k/"}, "uploads"),
        ({"path": "/srv"}, "k/uploads"),
        ({"server": "NAS.example.net"}, "uploads/"),
    ],
    ids=["slashes", "a folder above", "case of the server"],
)
def test_two_claims_that_name_one_folder(
    second: dict[str, str], folder: str, pulumi_run: RunProgram, tmp_path: Path
) -> None:
    given = storage(second, logs={"claim": "more", "subPath": folder})
    text = refused(pulumi_run, changed(tmp_path, "dev", storage=given))
    assert "kotaemon:storage.roles: uploads and logs are in one folder, path /srv/k" in text
    assert "give one of them another subPath" in text


@pytest.mark.parametrize("folder", ["logs", "uploads2"])
def test_two_claims_on_one_export_with_folders_of_their_own(
    folder: str, pulumi_run: RunProgram, tmp_path: Path
) -> None:
    given = storage({"path": "/srv/k/"}, logs={"claim": "more", "subPath": folder})
    file = changed(tmp_path, "dev", storage=given)
    pulumi_run(file.program, stack=file.name, preview=True, config=file.config)


def test_one_claim_and_one_folder_in_two_spellings(tmp_path: Path) -> None:
    given = storage({"path": "/other"}, logs={"claim": "files", "subPath": "uploads/"})
    with pytest.raises(SettingsError, match="share the folder"):
        changed(tmp_path, "dev", storage=given)
