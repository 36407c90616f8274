"""The stand-in's page: it says what it is, shows where it runs and what it has stored, and stores a note."""

import html
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROLES = ("models", "indexes", "sessions", "uploads", "logs", "eval")
WHERE = {
    "container": (
        "The nodes of this cluster cannot get Kotaemon's image, so this small program of the project runs in its "
        "place: in Kotaemon's own pod, as its user, on its volumes, started by its launcher."
    ),
    "process": (
        "The nodes of this cluster are simulated and run no container, so this small program of the project runs as a "
        "process of the user who started the cluster: with the pod's environment and launcher, on folders of this "
        "machine that have the names of the pod's volumes."
    ),
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: #1a2330 }
.notice { background: #fff4d6; border-left: 6px solid #d99a00; padding: .8rem 1.2rem; border-radius: 4px }
.notice h1 { font-size: 1.25rem; margin: 0 0 .3rem } .notice p { margin: .3rem 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem .25rem 0 }
th { font-weight: 600; color: #52606d } td code { word-break: break-all }
form { display: flex; gap: .6rem } input { flex: 1; font: inherit; padding: .4rem .6rem }
button { font: inherit; padding: .4rem 1rem } li { margin: .2rem 0; overflow-wrap: anywhere }
"""


def rendered(facts: Mapping[str, str], folders: Iterable[tuple[str, str, str]], notes: Iterable[str]) -> bytes:
    """The page as HTML. `folders`: role, folder in the pod, room; `notes`: what people have stored, newest first."""
    runs_as = os.environ.get("STAND_IN_RUNS_AS", "container")
    listed = [f"<li>{html.escape(note)}</li>" for note in notes]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Stand-in for Kotaemon</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<div class="notice" role="note"><h1>This is a stand-in, not Kotaemon</h1><p>{html.escape(WHERE[runs_as])}</p>
<p>It answers no questions. It stores notes as Kotaemon stores a chat: you can see the storage at work.</p></div>
<h2>Notes</h2>
<form method="post" action="/notes"><input name="text" maxlength="500" required autofocus aria-label="A note"
placeholder="A note: a file in the role uploads and a row in the role sessions"><button>Store</button></form>
<ul>{"".join(listed) or "<li>None yet.</li>"}</ul>
<p>Notes outlive the pod: delete it, or take the stack down and up again, and they are here.</p>
<h2>Where this runs</h2>
<table>{"".join(_row(name, value) for name, value in facts.items())}</table>
<h2>Storage</h2>
<table><tr><th>role</th><th>folder</th><th>room</th></tr>
{"".join(_row(*(map(str, row))) for row in folders)}</table>
</body></html>
""".encode()


def _row(first: str, *cells: str) -> str:
    return f"<tr><th>{html.escape(first)}</th>{''.join(f'<td><code>{html.escape(c)}</code></td>' for c in cells)}</tr>"


def facts() -> dict[str, str]:
    """Where the program runs."""
    return {
        "pod": os.environ.get("KS_POD_NAME", ""),
        "host": os.uname().nodename,
        "user": f"uid {os.getuid()}, gid {os.getgid()}",
        "profile": os.environ.get("KS_PROFILE", ""),
        "Python": sys.version.split()[0],
    }


def role_folders() -> list[tuple[str, str, str]]:
    """Role, folder and room of each role that the pod has."""
    found = [(role, os.environ.get(f"KS_{role.upper()}_DIR", "")) for role in ROLES]
    return [(role, folder, _room(Path(folder))) for role, folder in found if folder]


def _room(folder: Path) -> str:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return error.strerror or "not there"
    return f"{usage.free / 2**30:.1f} of {usage.total / 2**30:.1f} GiB free"
