"""Write plugin/schema.json: `python -m plugin.schema`. A test pins the file.

Commit the new file after an addition. Any other change breaks the programs of everybody who uses the package.
"""

import json
from pathlib import Path

from plugin.provider import KotaemonProvider

FILE = Path(__file__).with_name("schema.json")


def text() -> str:
    """The schema as the text of plugin/schema.json."""
    return json.dumps(json.loads(KotaemonProvider().schema or "{}"), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
