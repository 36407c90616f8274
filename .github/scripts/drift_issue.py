"""Keeps one open issue for the drift of a stack: `drift_issue.py STACK CODE FILE`.

CODE 3: opens or updates it; CODE 0: closes it; anything else: the check itself failed, the issue stays as it is.
"""

import os
import sys
from pathlib import Path

from comment import clean, gh

LABEL = "drift"


def main(arguments: list[str]) -> None:
    """Open, update or close."""
    stack, code, file = arguments[0], int(arguments[1]), Path(arguments[2])
    repository, title = os.environ["GITHUB_REPOSITORY"], f"Drift in stack {stack}"
    listed = gh(f"repos/{repository}/issues", "--method", "GET", "-f", "state=open", "-f", f"labels={LABEL}")
    number = next((issue["number"] for issue in listed if issue["title"] == title), None)
    if code == 3:
        data = {"title": title, "body": clean(file.read_text()), "labels": [LABEL]}
        where = f"repos/{repository}/issues" + (f"/{number}" if number else "")
        gh(where, "--method", "PATCH" if number else "POST", data=data)
        print(f"drift: issue {'#' + str(number) + ' updated' if number else 'opened'}")
    elif code == 0 and number:
        gh(f"repos/{repository}/issues/{number}", "--method", "PATCH", data={"state": "closed"})
        print(f"no drift any more: #{number} closed")
    elif code == 0:
        print("no drift")
    else:
        print(f"the check itself failed with exit code {code}")


if __name__ == "__main__":
    main(sys.argv[1:])
