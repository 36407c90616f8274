"""Takes a `ktem_app_data` folder into the stack that this runs in: the other converters, one after the other.

    from_docker.py --source /source [--app-data /app/ktem_app_data] [--sums FILE] [--leave NAME] [--aside]

Runs in the Job of docs/runbooks/from-docker-run.md, with the variables of the stack's own pod. Each step can be run
again; the first that does not end with 0 ends this, with its exit code. See console.py.
"""

import argparse
import os

from console import Refused, in_order, run
from layout import APP_DATA, DATA


def steps(args: argparse.Namespace, profile: str) -> list[list[str]]:
    """The commands of one profile, in their order."""
    data, source = args.data, args.source
    aside = ["--aside"] if args.aside else []
    sums = ["--sums", args.sums] if args.sums else []
    leave = [f"--leave={name}" for name in args.leave]
    scaled = profile == "scaled"
    servers = [
        ["sqlite_to_postgres.py", "--sqlite", f"{source}/user_data/sql.db", *aside],
        ["chroma_to_vectors.py", "--chroma", f"{source}/user_data/vectorstore"],
    ]
    paths = [f"--app-data={folder}" for folder in args.app_data or [APP_DATA]]
    return [
        ["folders.py", "--source", source, "--data", data, "--profile", profile, *sums, *leave, *aside],
        *(servers if scaled else []),
        ["citation_paths.py", "--data", data, "--docstore", f"{data}/indexes/docstore", *paths],
        ["check_stores.py", "--data", data],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--source", required=True, help="the ktem_app_data folder; only read")
    parser.add_argument("--data", default=DATA, help="where the roles are mounted")
    parser.add_argument(
        "--app-data", action="append", default=[], help="where it was mounted when the application used it"
    )
    parser.add_argument("--sums", help="what sha256sum said of the folder where it came from")
    parser.add_argument("--leave", action="append", default=[], metavar="NAME", help="a path that is not taken along")
    parser.add_argument("--aside", action="store_true", help="move aside what a first start of the stack made")
    args = parser.parse_args()
    profile = os.environ.get("KS_PROFILE", "")
    if profile not in ("single-writer", "scaled"):
        raise Refused(f"KS_PROFILE is {profile!r}; the Job has to have the variables of the stack's own pod")
    if profile == "scaled" and os.environ.get("KS_DOC_STORE") != "lancedb":
        raise Refused(
            "KS_DOC_STORE is not lancedb: texts are not taken into Elasticsearch; upload the files again there"
        )
    in_order(steps(args, profile))


if __name__ == "__main__":
    run(main)
