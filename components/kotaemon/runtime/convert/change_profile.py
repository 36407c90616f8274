"""Takes what one profile has in files into the stores of the other: the other converters, one after the other.

    change_profile.py --to scaled --source /source [--sessions sessions] [--indexes indexes] [--aside]
    change_profile.py --to single-writer --target /target [--sessions sessions] [--indexes indexes] [--aside]

It runs in a Job of the profile scaled (job.py), whose variables name the stores: to `scaled` with the old disk at
/source after that profile was brought up once, back with the new disk at /target before it is left. Folders of
`indexes` that are files in both profiles (originals, texts in LanceDB) go from claim to claim by `make move`. Paths in
citations are the same in both profiles (/data/uploads), so nothing is rewritten. Each step can be run again; the first
that does not end with 0 ends this, with its exit code. See console.py.
"""

import argparse
import os

from console import Refused, in_order, run
from layout import DATA


def steps(args: argparse.Namespace) -> list[list[str]]:
    """The converters in their order, and the comparison of all that refers to each other."""
    aside = ["--aside"] if args.aside else []
    if args.to == "scaled":
        sqlite = f"{args.source}/{args.sessions}/sql.db"
        return [
            ["sqlite_to_postgres.py", "--sqlite", sqlite, *aside],
            ["chroma_to_vectors.py", "--chroma", f"{args.source}/{args.indexes}/vectorstore"],
            ["sqlite_to_postgres.py", "--sqlite", sqlite, "--check"],
            ["check_stores.py", "--data", args.data],
        ]
    sqlite, chroma = f"{args.target}/{args.sessions}/sql.db", f"{args.target}/{args.indexes}/vectorstore"
    return [
        ["check_stores.py", "--data", args.data],
        ["postgres_to_sqlite.py", "--sqlite", sqlite, *aside],
        ["vectors_to_chroma.py", "--chroma", chroma],
        ["postgres_to_sqlite.py", "--sqlite", sqlite, "--check"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", choices=("scaled", "single-writer"), required=True)
    parser.add_argument("--source", default="/source", help="where the old disk is mounted")
    parser.add_argument("--target", default="/target", help="where the new disk is mounted")
    parser.add_argument("--data", default=DATA, help="where the roles are mounted in this pod")
    parser.add_argument("--sessions", default="sessions", help="folder of the role sessions on it")
    parser.add_argument("--indexes", default="indexes", help="folder of the role indexes on it")
    parser.add_argument("--aside", action="store_true", help="move aside what a first start of the stack made")
    args = parser.parse_args()
    if os.environ.get("KS_PROFILE") != "scaled":
        raise Refused("KS_PROFILE is not scaled: the Job has to have the variables of that profile's own pod")
    in_order(steps(args))


if __name__ == "__main__":
    run(main)
