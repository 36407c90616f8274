"""What holds data and is there already: told when nobody knows whose it is, freed when its claim is gone."""

from pathlib import Path
from typing import Any

import pytest

from deploy import kept
from plan.exits import UserError


class Server:
    """An API server with a namespace, claims and volumes."""

    def __init__(self, namespace: bool, claims: list[Any], volumes: list[Any]) -> None:
        self.namespace, self.kinds = namespace, {"PersistentVolumeClaim": claims, "PersistentVolume": volumes}
        self.patched: list[Any] = []

    def get(self, manifest: Any) -> object:
        return manifest if self.namespace else None

    def patch(self, manifest: Any, operations: list[Any]) -> None:
        self.patched.append((manifest["metadata"]["name"], [op["path"] for op in operations]))

    def list(self, _version: str, kind: str, namespace: str = "") -> list[Any]:
        return self.kinds[kind]


def claim(name: str) -> dict[str, Any]:
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "rag"}}


def volume(name: str, of: str, phase: str = "Released", namespace: str = "rag") -> dict[str, Any]:
    reference = {"namespace": namespace, "name": of, "uid": "1", "resourceVersion": "2"}
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {"claimRef": reference},
        "status": {"phase": phase},
    }


def test_what_nobody_remembers_is_told_with_what_to_do(tmp_path: Path) -> None:
    server: Any = Server(True, [claim("files")], [])
    with pytest.raises(kept.Unknown) as told:
        kept.refuse_unknown(server, "dev", "rag", tmp_path / "dev.yaml", said=False)
    said = str(told.value)
    assert said.startswith(
        "namespace rag is in the devcluster, and the engine's state of stack dev knows nothing of it"
    )
    assert "PersistentVolumeClaim rag/files" in said
    assert "make purge STACK=dev" in said
    assert (
        f"put the lines of {tmp_path}/dev.yaml into Pulumi.dev.yaml (the file is not there; write them yourself)"
        in said
    )


def test_a_first_run_and_one_that_takes_over_go_on(tmp_path: Path) -> None:
    empty: Any = Server(False, [], [])
    kept.refuse_unknown(empty, "dev", "rag", tmp_path, said=False)
    full: Any = Server(True, [claim("files")], [])
    kept.refuse_unknown(full, "dev", "rag", tmp_path, said=True)


def test_a_released_volume_is_freed_for_its_claim() -> None:
    server: Any = Server(True, [], [volume("pv-1", "files")])
    assert kept.free_released(server, "rag") == [
        "PersistentVolume pv-1: kept from before, free again for PersistentVolumeClaim rag/files"
    ]
    assert server.patched == [("pv-1", ["/spec/claimRef/uid", "/spec/claimRef/resourceVersion"])]


def test_a_volume_in_use_of_another_namespace_or_whose_claim_is_there_is_left_alone() -> None:
    volumes = [volume("a", "x", "Bound"), volume("b", "y", namespace="other"), volume("c", "files")]
    server: Any = Server(True, [claim("files")], volumes)
    assert kept.free_released(server, "rag") == []
    assert server.patched == []


def test_which_of_two_volumes_is_right_is_not_guessed() -> None:
    server: Any = Server(True, [], [volume("pv-1", "files"), volume("pv-2", "files")])
    with pytest.raises(UserError, match="rag/files had several volumes, and all are kept: pv-1, pv-2"):
        kept.free_released(server, "rag")
    assert server.patched == []
