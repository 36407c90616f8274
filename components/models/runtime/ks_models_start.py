"""The first thing in a pod: the version of the models is in the cache of its node, or is copied there.

    python -S ks_models_start.py

It runs in an init container of the application's image, before the application starts. What it is told:
KS_MODELS_VERSION   the version; .none: nothing was released yet
KS_MODELS_SHARED    the folder of the role `models` on the shared claim, mounted read-only; or, in its place,
KS_MODELS_LEADER    the leader that has the claim, https://host:port, and
KS_MODELS_CA        the file with the certificates that sign the leader's
KS_MODELS_DIGEST    digest of the version, where it was announced; empty: any
KS_MODELS_CACHE     the cache: <cache>/<version> is complete, or is not there
KS_MODELS_LIMIT     the most bytes that versions in the cache may have together; empty: what the disk has
KS_MODELS_VERIFY    1: the hash of every file is looked at in every start, and not only while it is copied
KS_SCRATCH_DIR      scratch folder of the pod: the numbers of the copy go to <scratch>/metrics/, for the metrics port

A warm start is known from two small files, and nothing but `os` is imported for it: the modules of a copy take longer
to load than all the rest. Exit codes: 75 try again later, 78 somebody has to do something first.
"""

import os
import sys
import time

from ks_models_layout import DIGEST, METRICS, VERSIONS


def text_of(path: str) -> str:
    """The text of a small file; empty: there is none. One open and one read, each a round trip to a file server."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(handle, 65536).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(handle)


def warm(version: str, cache: str, shared: str) -> bool:
    """Whether the cache has exactly the published version. Everything else is for the fill to judge."""
    if "/" in version or version.startswith("."):
        return False
    here = f"{cache}/{version}/{DIGEST}"
    digest = text_of(here).strip()
    if not digest or digest != text_of(f"{shared}/{VERSIONS}/{version}/{DIGEST}").strip():
        return False
    try:
        os.utime(here)  # the versions that were not used for the longest time are evicted first
    except OSError as error:  # of another user of the pods, or on a disk that is full: it is whole all the same
        print(f"models: warning: the version cannot be marked as used now: {error}", flush=True)
    return True


def report(cache: str) -> None:
    """Hand the numbers of the last copy to the pod's own metrics (components/kotaemon/runtime/ks_metrics.py)."""
    scratch, said = os.environ.get("KS_SCRATCH_DIR"), text_of(f"{cache}/{METRICS}")
    if not scratch or not said:
        return
    try:
        os.makedirs(f"{scratch}/metrics", exist_ok=True)
        with open(f"{scratch}/metrics/models.prom", "w") as file:
            file.write(said)
    except OSError as error:
        print(f"models: warning: the numbers of the copy are in no metric: {error}", flush=True)


def main() -> int:
    begun = time.monotonic()
    version = os.environ.get("KS_MODELS_VERSION", "")
    cache, shared = os.environ.get("KS_MODELS_CACHE", ""), os.environ.get("KS_MODELS_SHARED", "")
    if version and os.environ.get("KS_MODELS_VERIFY") != "1" and warm(version, cache, shared):
        print(
            f"models: version {version} is in the cache: a warm start of {time.monotonic() - begun:.3f} s", flush=True
        )
    else:
        from ks_models_fill import main as fill

        if code := fill():
            return code
    report(cache)
    return 0


if __name__ == "__main__":
    sys.exit(main())
