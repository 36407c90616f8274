"""The application's own modules, imported as its pod imports them."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any


def as_the_application() -> None:
    """Set what launch.py sets before an import: caches and data where a read-only image allows them.

    The runtime files are on PYTHONPATH (the Deployment's variables), the application's folder is the working directory.
    """
    variables: Any = importlib.import_module("ks_variables")
    scratch = Path(os.environ.setdefault("KS_SCRATCH_DIR", "/tmp/kotaemon"))  # noqa: S108 the pod's own emptyDir
    scratch.mkdir(parents=True, exist_ok=True)
    variables.scratch_variables(scratch)
    downloads: Any = importlib.import_module("ks_downloads")
    downloads.fetch_nothing(Path(os.environ.get("KS_MODELS_DIR") or scratch), False, scratch)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # flowsettings.py is found there
