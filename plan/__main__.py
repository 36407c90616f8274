"""Entry of `python -m plan`."""

import sys

from plan.cli import main

sys.exit(main())
