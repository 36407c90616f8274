"""Start the plugin. The engine runs this folder with its own Python, and speaks to it on loopback."""

import sys
from pathlib import Path

# Python puts only this folder on the path; the hosted components are in the folder above it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugin.provider import serve

if __name__ == "__main__":
    serve(sys.argv[1:])
