"""Finds weights that run code when they are loaded: pickles, by name and by content.

Loading a pickle runs whatever its maker wrote (https://docs.python.org/3/library/pickle.html). Safetensors hold numbers
only. `allowPickle: true` in `kotaemon:models` lets them pass.
"""

import pickletools
import zipfile
from io import BytesIO
from pathlib import Path

ALWAYS = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill")
"""Names of pickles, whatever they hold."""
NAMES = (*ALWAYS, ".bin")
"""PyTorch's weights are called .bin as well; but so are fastText's, which are none."""
FASTTEXT = (793712314).to_bytes(4, "little")
"""First bytes of a fastText model (facebookresearch/fastText, src/fasttext.cc: FASTTEXT_FILEFORMAT_MAGIC_INT32)."""
HEAD = 512
OPCODES = 3
"""So many opcodes in a row are no accident."""


def is_pickle(head: bytes) -> bool:
    """Whether the bytes begin a pickle of protocol 2 to 5. The number that begins a safetensors file can look like
    one, but no opcode follows it."""
    if len(head) < 2 or head[0] != 0x80 or not 2 <= head[1] <= 5:
        return False
    found = 0
    try:
        for _ in pickletools.genops(BytesIO(head)):
            found += 1
            if found == OPCODES:
                return True
    except (ValueError, IndexError, UnicodeDecodeError):
        pass  # the head ends in the middle of an opcode, or these are other bytes
    return found >= OPCODES


def why_pickle(folder: Path, path: str) -> str:
    """Why a file counts as pickled weights; empty: it does not."""
    name = path.lower()
    with (folder / path).open("rb") as file:
        head = file.read(HEAD)
        if name.endswith(ALWAYS):
            return "its name is that of a pickle"
        if is_pickle(head):
            return "it begins as a pickle does"
        if head.startswith(b"PK\x03\x04"):
            return _in_zip(folder / path)
        if name.endswith(".bin") and not head.startswith(FASTTEXT):
            return "its name is that of PyTorch's pickled weights"
    return ""


def _in_zip(path: Path) -> str:
    """torch.save writes a zip whose member `data.pkl` is the pickle."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = next((name for name in archive.namelist() if name.lower().endswith(NAMES)), "")
    except zipfile.BadZipFile:
        return "it begins as a zip does, and cannot be looked into"
    return f"it is a zip with the pickle {inside}" if inside else ""


def pickles(folder: Path, files: list[str]) -> list[str]:
    """The files that are pickled weights, each with the reason."""
    return [f"{path}: {reason}" for path in files if (reason := why_pickle(folder, path))]
