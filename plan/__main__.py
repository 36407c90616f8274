"""Entry point of `python -m plan`."""

import gc
import sys

from plan.cli import main

# A plan takes seconds, and the process ends with it. The garbage collector would run hundreds of times while the SDKs
# are imported, which takes a sixth of the time and frees nothing.
gc.disable()
sys.exit(main())
