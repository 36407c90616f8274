"""Entry of `python -m plan`."""

import gc
import sys

from plan.cli import main

# A plan is over in seconds, and Python's default would look for cyclic garbage hundreds of times while the SDKs are
# imported: a sixth of the time, for nothing that is ever freed. With 300 claims it takes 7 MiB more memory.
gc.set_threshold(50_000, 20, 20)
sys.exit(main())
