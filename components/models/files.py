"""The scripts of models that run inside pods."""

from pathlib import Path

from ..pod.files import api_call

_RUNTIME = Path(__file__).parent / "runtime"
START = "ks_models_start.py"
"""The script that a pod starts with: it fills the cache where the version is not there."""
_FOR_FILL = (
    START,
    "ks_models_fill.py",
    "ks_models_layout.py",
    "ks_models_copy.py",
    "ks_models_manifest.py",
    "ks_models_tree.py",
    "ks_models_work.py",
)
_FOR_INDEXES = ("ks_models_embeddings.py",)
"""What components/kotaemon/runtime/ks_embeddings.py compares indexes by."""


def pod_files(*, fill: bool) -> dict[str, str]:
    """File name -> text of what the application's pods need; `fill`: whether they fill a cache."""
    return {name: (_RUNTIME / name).read_text() for name in (*_FOR_INDEXES, *(_FOR_FILL if fill else ()))}


def release_files() -> dict[str, str]:
    """File name -> text of what a release needs: all of them."""
    return {**{path.name: path.read_text() for path in sorted(_RUNTIME.glob("*.py"))}, **api_call()}
