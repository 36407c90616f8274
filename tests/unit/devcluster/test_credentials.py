"""Keys are private, and the kubeconfig is the cluster's own."""

import base64
import os
import time
from pathlib import Path

import pytest
import yaml

from devcluster import credentials


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A cluster's folder in which the API server has made its certificate."""
    (tmp_path / credentials.CERTIFICATES).mkdir()
    (tmp_path / credentials.CERTIFICATE).write_text("certificate")
    (tmp_path / credentials.KEY).write_text("key")
    return tmp_path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_token_is_long_private_and_stays(tmp_path: Path) -> None:
    token = credentials.ensure_token(tmp_path)
    assert len(token) == 64
    assert mode(tmp_path / credentials.TOKENS) == 0o600
    assert credentials.ensure_token(tmp_path) == token


def test_every_cluster_has_another_token(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert credentials.ensure_token(tmp_path / "a") != credentials.ensure_token(tmp_path / "b")


def test_the_kubeconfig(directory: Path) -> None:
    credentials.write_kubeconfig(directory, "dev", 1234)
    path = directory / credentials.KUBECONFIG
    assert mode(path) == 0o600
    content = yaml.safe_load(path.read_text())
    name = "kotaemon-devcluster-dev"
    assert content["current-context"] == name
    assert content["contexts"] == [{"name": name, "context": {"cluster": name, "user": name}}]
    (cluster,) = content["clusters"]
    assert cluster["cluster"] == {
        "server": "https://127.0.0.1:1234",
        "certificate-authority-data": base64.b64encode(b"certificate").decode(),
        "tls-server-name": "kubernetes.default.svc",
    }
    assert content["users"] == [{"name": name, "user": {"token": credentials.ensure_token(directory)}}]


def test_the_users_kubeconfig_is_not_touched(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own-kubeconfig"
    own.write_text("not even YAML: [")
    monkeypatch.setenv("KUBECONFIG", str(own))
    credentials.write_kubeconfig(directory, "dev", 1234)
    api = credentials.connect(directory)
    assert api.configuration.host == "https://127.0.0.1:1234"
    assert own.read_text() == "not even YAML: ["


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_loopback_is_not_reached_through_a_proxy(
    directory: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    credentials.write_kubeconfig(directory, "dev", 1234)
    assert credentials.connect(directory).configuration.proxy is None


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    credentials.write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("days", "kept"), [(0, True), (299, True), (301, False)])
def test_a_certificate_is_made_anew_before_it_runs_out(directory: Path, days: int, kept: bool) -> None:
    made = time.time() - days * 86400
    os.utime(directory / credentials.CERTIFICATE, (made, made))
    credentials.drop_old_certificate(directory)
    assert (directory / credentials.CERTIFICATE).exists() is kept
    assert (directory / credentials.KEY).exists() is kept


def test_every_node_has_a_token_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    administrator = credentials.ensure_token(tmp_path)
    credentials.ensure_node_tokens(tmp_path, ["node-a1"])
    before = credentials.node_tokens(tmp_path)
    credentials.ensure_node_tokens(tmp_path, ["node-a1", "node-b1"])
    after = credentials.node_tokens(tmp_path)
    assert after.items() > before.items()
    assert set(after) == {"system:node:node-a1", "system:node:node-b1", "system:kube-proxy"}
    assert len({administrator, *after.values()}) == 4
    assert credentials.ensure_token(tmp_path) == administrator
    groups = [line.split(",")[3] for line in (tmp_path / credentials.TOKENS).read_text().splitlines()]
    assert groups == ["system:masters", "system:nodes", "system:node-proxier", "system:nodes"]
    assert mode(tmp_path / credentials.TOKENS) == 0o600
