"""What the claims of a stack will give: IOPS and throughput as each product says, and seconds to load a model.

Limits of the storage itself. A node's own network or disk limit can be lower and is not known here. Where no formula is
published the answer is None, and the reason stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from estimate.cost import Bought
from estimate.product import MB_IN_MIB, Speed

DEFAULT_MODEL_GIB = 15.0
"""Llama 3 8B with 16 bits for each weight (docs of run-ai-model-streamer)."""
ONE_THREAD_MIB_S = 15_000 * MB_IN_MIB / 47.99
"""What the safetensors loader got from a disk of 1000 MiB/s, and no more from one of 4000: 15 GB in 47.99 s (docs of
run-ai-model-streamer, benchmarks). A reader with one thread does not use faster storage."""


@dataclass(frozen=True)
class ClaimSpeed:
    """What one claim gives."""

    claim: str
    roles: str
    speed: Speed
    load_seconds: float | None
    """To read the models once, by a reader with many threads; only for the claim with the role models."""
    load_seconds_one_thread: float | None
    """The same by the usual loader, which has one."""


def performance(
    bought: Sequence[Bought], model_gib: float = DEFAULT_MODEL_GIB, nfs_mib_s: float | None = None
) -> list[ClaimSpeed]:
    """The speed of each claim. `nfs_mib_s`: what the user knows of a server of his own."""
    return [
        _claim(item, found, model_gib)
        for item in bought
        if item.claim and (found := item.product.speed(nfs_mib_s)) is not None
    ]


def load_seconds(model_gib: float, mib_s: float | None) -> float | None:
    """Time to read `model_gib` once. Storage only: no start of a process, no copy to a GPU."""
    return None if mib_s is None else model_gib * 1024 / mib_s


def _claim(item: Bought, found: Speed, model_gib: float) -> ClaimSpeed:
    holds_models = "models" in item.roles.split(", ")
    rate = found.mib_s if holds_models else None
    one_thread = None if rate is None else min(rate, ONE_THREAD_MIB_S)
    return ClaimSpeed(item.claim, item.roles, found, load_seconds(model_gib, rate), load_seconds(model_gib, one_thread))
