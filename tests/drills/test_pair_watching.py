"""Two Primaries would be seen: spans of looks, and where those of two nodes meet."""

from drills.nfs_ha.watching import Look, overlaps, spans


def looks(start: float, said: str) -> list[Look]:
    """P: Primary, A: Primary with the address, -: neither; a look each half second."""
    return [Look(start + 0.5 * at, mark in "PA", mark == "A") for at, mark in enumerate(said)]


def test_a_failover_has_no_overlap() -> None:
    one, other = looks(0.0, "AAAA"), looks(0.1, "-----PAAA")
    assert spans(one, "primary") == [(0.0, 1.5)]
    assert spans(other, "address") == [(3.1, 4.1)]
    assert overlaps(spans(one, "primary"), spans(other, "primary")) == []


def test_two_primaries_are_an_overlap() -> None:
    one, other = looks(0.0, "AAAA--AA"), looks(0.2, "--PPP---")
    (both,) = overlaps(spans(one, "primary"), spans(other, "primary"))
    assert round(both, 1) == 0.3
    assert overlaps(spans(one, "address"), spans(other, "address")) == []


def test_a_node_that_was_off_was_nothing_meanwhile() -> None:
    # its looks end with its power and begin again as Secondary
    one = [*looks(0.0, "AA"), *looks(60.0, "---")]
    assert spans(one, "primary") == [(0.0, 0.5)]
