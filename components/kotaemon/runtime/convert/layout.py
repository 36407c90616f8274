"""Where each folder of a `ktem_app_data` folder goes in the roles of a stack.

The left side is upstream's own layout (flowsettings.py:33-104 and app.py:7-11 of v0.11.3), the volume of its
`docker run` instructions; the right side is what kh_settings.py and ks_variables.py set for the pod.
"""

from pathlib import PurePosixPath
from typing import NamedTuple

APP_DATA = "/app/ktem_app_data"
"""Where the volume is mounted in upstream's image (README.md:104-109): the absolute paths in its data begin so."""
DATA = "/data"
"""Where a stack mounts its roles, for ever (components/kotaemon/names.py)."""


class Place(NamedTuple):
    """A folder or file of a role."""

    role: str
    path: str

    def under(self, data: str) -> str:
        """Its absolute path where the roles are mounted at `data`."""
        return f"{data}/{self.role}/{self.path}"


PLACES: dict[str, Place] = {
    "user_data/sql.db": Place("sessions", "sql.db"),
    "user_data/sql.db-journal": Place("sessions", "sql.db-journal"),
    "user_data/sql.db-wal": Place("sessions", "sql.db-wal"),
    "user_data/sql.db-shm": Place("sessions", "sql.db-shm"),
    "user_data/files": Place("indexes", "files"),
    "user_data/docstore": Place("indexes", "docstore"),
    "user_data/vectorstore": Place("indexes", "vectorstore"),
    "gradio_tmp": Place("uploads", "gradio_tmp"),
    "markdown_cache_dir": Place("uploads", "cache/markdown"),
    "chunks_cache_dir": Place("uploads", "cache/chunks"),
    "zip_cache_dir": Place("uploads", "cache/zip"),
    "huggingface": Place("models", "huggingface"),
}
"""A journal beside sql.db is what a killed container leaves; SQLite needs it to mend the file at the next opening."""

LEFT: dict[str, str] = {
    "zip_cache_dir_in": "unpacked uploads, emptied by the application at every upload",
    "changelogs": "fetched again by the application",
}
"""What is not taken along, and why."""

TO_SERVERS = ("user_data/sql.db", "user_data/vectorstore")
"""What the profile `scaled` has in PostgreSQL and in the vector server instead of in a folder."""


def place_of(path: PurePosixPath) -> Place | None:
    """The place of a file of `ktem_app_data`; None when no rule knows it."""
    for known in (path, *path.parents):
        if (place := PLACES.get(str(known))) is not None:
            rest = path.relative_to(known)
            return place if rest == PurePosixPath() else Place(place.role, f"{place.path}/{rest}")
    return None


def goes_to_a_server(path: PurePosixPath) -> bool:
    """Whether the profile `scaled` has this in a server; sql.db's journals go with it."""
    return str(path).startswith(TO_SERVERS)


def is_left(path: PurePosixPath, more: tuple[str, ...] = ()) -> bool:
    """Whether a file is not taken along: by LEFT, or because the user said so (`more`)."""
    return any(str(known) in (*LEFT, *more) for known in (path, *path.parents))


def moved_paths(app_data: str, data: str) -> dict[str, str]:
    """Old absolute path -> new absolute path, for every folder of the layout."""
    return {f"{app_data}/{old}": place.under(data) for old, place in PLACES.items() if "." not in old}
