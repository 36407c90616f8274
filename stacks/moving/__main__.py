"""Print the Job that copies folders from one claim to another; see docs/runbooks/move-data.md.

kubectl -n kotaemon get deployment kotaemon -o json | python -m stacks.moving --from OLD --to NEW sessions:sessions
"""

import argparse
import json
import sys

from stacks.moving.job import Folder, Running, job


def main() -> int:
    """Read the Deployment from the standard input, and write the Job to the standard output, both as JSON."""
    parser = argparse.ArgumentParser(prog="python -m stacks.moving", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--from", dest="old", required=True, help="the PersistentVolumeClaim that has the data")
    parser.add_argument("--to", dest="new", required=True, help="the PersistentVolumeClaim that gets it")
    parser.add_argument("folders", nargs="+", metavar="OLD:NEW", help="a folder, and its name on the new claim")
    given = parser.parse_args()
    folders = [Folder(*(text.split(":") if ":" in text else (text, text))) for text in given.folders]
    try:
        made = job(json.load(sys.stdin), given.old, given.new, folders)
    except Running as running:
        sys.stderr.write(f"error: {running}\n")
        return 1
    print(json.dumps(made, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
