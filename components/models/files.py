"""The scripts of models that run inside pods."""

from pathlib import Path

from ..pod.files import api_call

_RUNTIME = Path(__file__).parent / "runtime"
START = "ks_models_start.py"
"""The script that a pod starts with: it fills the cache where the version is not there."""
ANNOUNCE, FOLLOW = "ks_models_announce.py", "ks_models_follow.py"
"""The scripts of the leader and of its followers."""
_FOR_FILL = (
    START,
    "ks_models_fill.py",
    "ks_models_layout.py",
    "ks_models_copy.py",
    "ks_models_pull.py",
    "ks_models_manifest.py",
    "ks_models_tree.py",
    "ks_models_work.py",
)
_FOR_NATS = ("ks_nats.py", "ks_nats_stream.py", ANNOUNCE)
_FOR_INDEXES = ("ks_models_embeddings.py",)
"""What components/kotaemon/runtime/ks_embeddings.py compares indexes by."""


def pod_files(*, fill: bool) -> dict[str, str]:
    """File name -> text of what the application's pods need; `fill`: whether they fill a cache."""
    return _texts(*_FOR_INDEXES, *(_FOR_FILL if fill else ()))


def release_files() -> dict[str, str]:
    """File name -> text of what a release needs: all but what a leader and its followers have."""
    names = [path.name for path in sorted(_RUNTIME.glob("*.py")) if path.name not in (*_FOR_NATS, FOLLOW)]
    return {**_texts(*names), **api_call()}


def leader_files() -> dict[str, str]:
    """File name -> text of what announces releases."""
    return _texts(*_FOR_NATS, "ks_models_layout.py", "ks_models_tree.py")


def follower_files() -> dict[str, str]:
    """File name -> text of what pulls announced releases."""
    return _texts(*_FOR_FILL, *_FOR_NATS, FOLLOW)


def _texts(*names: str) -> dict[str, str]:
    return {name: (_RUNTIME / name).read_text() for name in names}
