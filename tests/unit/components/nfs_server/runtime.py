"""The files that run on the hosts of a pair, imported as they are there: each finds the others beside it."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path("components/nfs_server/runtime").resolve()))

import gluster_lease as _lease
import gluster_warden as _gluster
import nfs_answer as _answer
import pair_disk as _disk
import pair_rules as _rules
import pair_words as _words
import warden as _warden
import witness as _witness

rules: Any = _rules
words: Any = _words
disk: Any = _disk
witness: Any = _witness
warden: Any = _warden
lease: Any = _lease
gluster: Any = _gluster
answer: Any = _answer
