"""`python -m plugin.schema`: write plugin/schema.json, which a test pins.

An additive change renews it; any other is a break for everybody who uses the package (see docs of the test).
"""

import json
from pathlib import Path

from plugin.provider import KotaemonProvider

FILE = Path(__file__).with_name("schema.json")


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(json.loads(KotaemonProvider().schema or "{}"), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
