"""The settings of a node's programs: what protects the machine and the other pods."""

import json
from pathlib import Path

from devcluster.real import config, layout
from devcluster.real.layout import Place

PLACE = Place(Path("/cluster"), "node-b1", 3)


def test_nobody_may_use_a_kubelet_but_the_api_server() -> None:
    settings = json.loads(config.kubelet(PLACE))
    assert settings["authentication"]["anonymous"] == {"enabled": False}
    assert settings["authentication"]["webhook"] == {"enabled": False}
    assert settings["authentication"]["x509"]["clientCAFile"].endswith("kubelet-client.crt")
    assert settings["readOnlyPort"] == 0


def test_programs_listen_on_the_nodes_own_address() -> None:
    assert json.loads(config.kubelet(PLACE))["address"] == PLACE.address == "10.200.0.13"
    assert json.loads(config.proxy(PLACE))["bindAddress"] == PLACE.address


def test_nothing_of_the_whole_machine_is_set() -> None:
    assert json.loads(config.proxy(PLACE))["conntrack"] == {
        "maxPerCore": 0,
        "min": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    }


def test_pods_of_two_nodes_never_share_an_address() -> None:
    places = [Place(Path("/cluster"), "n", number) for number in range(1, 7)]
    assert len({place.pods for place in places}) == len({place.address for place in places}) == 6
    assert all(place.pods.startswith("10.244.") for place in places)


def test_runc_is_told_where_it_may_not_raise_priorities() -> None:
    assert "restrict_oom_score_adj = true" in config.containerd(Path("/p"), may_raise_priority=False)
    assert "restrict_oom_score_adj = false" in config.containerd(Path("/p"), may_raise_priority=True)


def test_the_api_server_is_known_by_its_certificate_and_name() -> None:
    cluster = json.loads(config.kubeconfig(1234, "Y2VydA==", "t"))["clusters"][0]["cluster"]
    assert cluster == {
        "server": f"https://{layout.GATEWAY}:1234",
        "certificate-authority-data": "Y2VydA==",
        "tls-server-name": "kubernetes.default.svc",
    }
