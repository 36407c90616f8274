"""What static volumes have in common."""

from components.volumes.static import zone_affinity


def test_the_order_of_zones_is_nobodys_choice() -> None:
    """Kubernetes refuses every change of a volume's node affinity, and maps of other languages come in any order."""
    there, back = (zone_affinity(zones) for zones in (["eu-b", "eu-a"], ["eu-a", "eu-b"]))
    for found in (there, back):
        assert found is not None
        (term,) = found.required.node_selector_terms
        assert term.match_expressions[0].values == ["eu-a", "eu-b"]


def test_no_zone_is_every_node() -> None:
    assert zone_affinity([]) is None
