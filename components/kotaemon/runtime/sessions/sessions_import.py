"""Puts exported conversations back into the database of this pod, for one user, some, or all, in one transaction.

    sessions_import.py --folder /data/eval/sessions --all [--replace] [--dry-run]
    sessions_import.py --folder /data/eval/sessions --user NAME_OR_ID [--user ...]

It runs in the application's own container, while the application serves (docs/sessions.md), or in a Job with its
variables. A user is found by id, else by name: after the loss of a database people have new ids and their old names.
Who is in neither is made, without a password that anybody knows: an administrator sets one in the application.
A conversation that is there already stays as it is, unless --replace says that the file counts.
Exit codes: 0 done, 75 the database failed and trying again may help, 78 a person has to act.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessions_database import JSON_COLUMN, Database, Sqlite, Unreachable, connect, plain
from sessions_export import content, exports, file_name

EX_TEMPFAIL, EX_CONFIG = 75, 78


class Refused(Exception):
    """A person has to act first."""


def chosen(folder: Path, users: Sequence[str]) -> list[dict[str, Any]]:
    """The files of these users, by id or name; all of them without one.

    Raises Refused for a user without a file; and where all are wanted, for a file that cannot be read.
    """
    found: list[dict[str, Any]] = []
    bad: list[str] = []
    for path in exports(folder):
        try:
            found.append(content(path))
        except (OSError, ValueError) as error:
            bad.append(str(error))
    if not users:
        if bad:
            raise Refused(f"{'; '.join(bad)}. Move it out of the folder, or name the users with --user")
        return found
    for line in bad:
        print(f"sessions: {line}; it is passed over")
    wanted = [[one for one in found if user in (one["user"]["id"], one["user"].get("username"))] for user in users]
    for user, files in zip(users, wanted, strict=True):
        if not files:
            raise Refused(f"{folder} has no file of the user {user}; by id it would be {file_name(user)}")
    return [one for files in wanted for one in files]


class Import:
    """One transaction."""

    def __init__(self, database: Database, replace: bool) -> None:
        self.database, self.replace = database, replace
        self.columns = database.columns("conversation")
        if not self.columns:
            raise Refused("the database has no table conversation: start the application once, it makes its tables")
        self.users = database.users()
        self.has_users = bool(database.columns("user"))
        self.counts = {"added": 0, "replaced": 0, "there already": 0}

    def add(self, file: dict[str, Any]) -> None:
        """Put a user's conversations back."""
        user = self._user(file["user"])
        for one in file["conversations"]:
            self._conversation({**one, "user": user})

    def _user(self, given: dict[str, Any]) -> str:
        identity, name = str(given["id"]), given.get("username")
        if not self.has_users or identity in self.users or name is None:
            return identity
        for known, known_name in self.users.items():
            if known_name.lower() == str(name).lower():
                print(f"sessions: {name} has the id {known} now")
                return known
        values = {
            "id": identity,
            "username": name,
            "username_lower": str(name).lower(),
            # No SHA-256 of a password looks like this, so nobody can log in with it.
            "password": f"imported-{secrets.token_hex(16)}",
            "admin": False,
        }
        there = self.database.columns("user")
        self._insert("user", {key: value for key, value in values.items() if key in there})
        self.users[identity] = str(name)
        print(f"sessions: the user {name} was made; an administrator has to set a password")
        return identity

    def _conversation(self, one: dict[str, Any]) -> None:
        mark, known = self.database.mark, [name for name in self.columns if name in one]
        listed = ", ".join(f'"{name}"' for name in known)
        found = self.database.rows(f"SELECT {listed} FROM conversation WHERE id = {mark}", (one["id"],))
        if not found:
            self._insert("conversation", {name: one[name] for name in known})
            self.counts["added"] += 1
            return
        same = [plain(name, value) for name, value in zip(known, found[0], strict=True)] == [one[n] for n in known]
        if same or not self.replace:
            self.counts["there already"] += 1
            return
        sets = ", ".join(f'"{name}" = {mark}' for name in known)
        self._write(f"UPDATE conversation SET {sets} WHERE id = {mark}", [*self._values(one, known), one["id"]])
        self.counts["replaced"] += 1

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(self.database.mark for _ in values)
        self._write(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', self._values(values, list(values)))

    def _values(self, one: dict[str, Any], names: Sequence[str]) -> list[Any]:
        """As the driver takes them: JSON as its text, which PostgreSQL casts to the type of the column."""
        return [
            json.dumps(one[name]) if name == JSON_COLUMN and not isinstance(one[name], str) else one[name]
            for name in names
        ]

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        self.database.rows(statement, values)


def put_back(files: Sequence[dict[str, Any]], replace: bool, dry_run: bool) -> dict[str, int]:
    """Import these files; how many conversations became what."""
    database = connect(write=True)
    try:
        if isinstance(database, Sqlite):
            database.rows("BEGIN IMMEDIATE")
        work = Import(database, replace)
        for file in files:
            work.add(file)
        database.rows("ROLLBACK" if dry_run else "COMMIT")
        return work.counts
    finally:
        database.close()


def main() -> int:
    """Import, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="the folder with the exported files; only read")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", action="append", default=[], help="id or name of a user")
    who.add_argument("--all", action="store_true", help="every user")
    parser.add_argument("--replace", action="store_true", help="the file counts where the database has another version")
    parser.add_argument("--dry-run", action="store_true", help="count only")
    args = parser.parse_args()
    try:
        files = chosen(args.folder, args.user)
        if not files:
            raise Refused(f"{args.folder} has no exported file")
        counts = put_back(files, args.replace, args.dry_run)
    except Refused as error:
        print(f"sessions: {error}; nothing was changed", file=sys.stderr)
        return EX_CONFIG
    except Unreachable as error:
        print(f"sessions: {error}; nothing was changed", file=sys.stderr)
        return EX_TEMPFAIL
    would = " (would be)" if args.dry_run else ""
    print(
        f"sessions: {len(files)} users; conversations{would}: " + ", ".join(f"{n} {what}" for what, n in counts.items())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
