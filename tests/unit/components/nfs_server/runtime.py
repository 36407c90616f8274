"""The files that run on the hosts of a pair, imported as they are there: each finds the others beside it."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path("components/nfs_server/runtime").resolve()))

import pair_disk as _disk  # noqa: E402
import pair_rules as _rules  # noqa: E402
import pair_words as _words  # noqa: E402
import warden as _warden  # noqa: E402
import witness as _witness  # noqa: E402

rules: Any = _rules
words: Any = _words
disk: Any = _disk
witness: Any = _witness
warden: Any = _warden
