"""Two scripts of ours in the page's head.

page_stand_ins.js: answers are kept when the browser cannot reach the public CDNs.
The page loads three libraries from there, and the chain of events after an answer calls them before the answer is
stored: without them it was shown and lost (ktem/app.py, head of the page; ktem/pages/chat, pdfview_js). The page gets
small stand-ins first, which the real libraries replace when they arrive. The PDF viewer comes from a CDN as well and
has no stand-in: without it the preview stays empty.

page_reload.js: the page loads itself again when the pod that it talked to is gone.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_hooks import after_import

SCRIPTS = ("page_stand_ins.js", "page_reload.js")


def put_scripts_first(app: ModuleType) -> None:
    base = getattr(app, "BaseApp", None)
    make = getattr(base, "make", None)
    if make is None:
        say(
            "warning: ktem.app.BaseApp.make is not there; where browsers reach no CDN, answers may not be stored, "
            "and a page whose pod is gone stays as it is"
        )
        return

    def make_with_scripts(self: Any) -> Any:
        blocks = make(self)
        ours = "".join(f"<script>{Path(__file__).with_name(name).read_text()}</script>" for name in SCRIPTS)
        blocks.head = f"{ours}{blocks.head or ''}"
        return blocks

    base.make = make_with_scripts  # pyright: ignore


def add_our_scripts() -> None:
    after_import("ktem.app", put_scripts_first)
