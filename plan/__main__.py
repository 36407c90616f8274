"""Entry point of `python -m plan`."""

from plan import exits
from plan.cli import main

exits.run(main)
