"""Answers are kept when the browser cannot reach the public CDNs.

The page loads three libraries from there, and the chain of events after an answer calls them before the answer is
stored: without them it was shown and lost (ktem/app.py, head of the page; ktem/pages/chat, pdfview_js). The page gets
small stand-ins first, which the real libraries replace when they arrive. The PDF viewer comes from a CDN as well and
has no stand-in: without it the preview stays empty.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_hooks import after_import

STAND_INS = Path(__file__).with_name("page_stand_ins.js")


def put_stand_ins_first(app: ModuleType) -> None:
    base = getattr(app, "BaseApp", None)
    make = getattr(base, "make", None)
    if make is None:
        say("warning: ktem.app.BaseApp.make is not there; where browsers reach no CDN, answers may not be stored")
        return

    def make_with_stand_ins(self: Any) -> Any:
        blocks = make(self)
        blocks.head = f"<script>{STAND_INS.read_text()}</script>{blocks.head or ''}"
        return blocks

    base.make = make_with_stand_ins  # pyright: ignore


def survive_without_cdns() -> None:
    after_import("ktem.app", put_stand_ins_first)
