"""The speed of a stack's claims: IOPS and throughput by each product's formula, and the seconds to load a model.

These are the limits of the storage itself. A node's own limit for its network or its disks can be lower and is not
known here. Where a vendor publishes no formula the value is None, and a reason says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from estimate.cost import Bought
from estimate.product import MB_IN_MIB, Speed

DEFAULT_MODEL_GIB = 15.0
"""Size of Llama 3 8B with 16 bits for each weight (documentation of run-ai-model-streamer)."""
ONE_THREAD_MIB_S = 15_000 * MB_IN_MIB / 47.99
"""MiB/s that one reading thread reaches, however fast the storage is. The safetensors loader needed 47.99 s for 15 GB
on a disk of 1000 MiB/s, and no less on one of 4000 (documentation of run-ai-model-streamer, benchmarks)."""


@dataclass(frozen=True)
class ClaimSpeed:
    """The speed of one claim."""

    claim: str
    roles: str
    speed: Speed
    load_seconds: float | None
    """Seconds to read the models once with many threads. None for a claim without the role models, and when not
    known."""
    load_seconds_one_thread: float | None
    """Seconds to read the models once with one thread, as the usual loader does. None as for `load_seconds`."""


def performance(
    bought: Sequence[Bought], model_gib: float = DEFAULT_MODEL_GIB, nfs_mib_s: float | None = None
) -> list[ClaimSpeed]:
    """The speed of each claim. `nfs_mib_s`: MiB/s of the user's own NFS server, if known."""
    return [
        _claim(item, found, model_gib)
        for item in bought
        if item.claim and (found := item.product.speed(nfs_mib_s)) is not None
    ]


def load_seconds(model_gib: float, mib_s: float | None) -> float | None:
    """Seconds to read `model_gib` GiB once from storage. Starting a process and copying to a GPU are not included."""
    return None if mib_s is None else model_gib * 1024 / mib_s


def _claim(item: Bought, found: Speed, model_gib: float) -> ClaimSpeed:
    holds_models = "models" in item.roles.split(", ")
    rate = found.mib_s if holds_models else None
    one_thread = None if rate is None else min(rate, ONE_THREAD_MIB_S)
    return ClaimSpeed(item.claim, item.roles, found, load_seconds(model_gib, rate), load_seconds(model_gib, one_thread))
