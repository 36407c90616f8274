"""Entry of `python -m deploy`."""

from deploy.cli import main
from plan import exits

exits.run(main)
