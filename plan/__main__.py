"""Entry point of `python -m plan`."""

import gc
import os
import sys

from plan.cli import main

# A plan takes seconds, and the process ends with it. The garbage collector would run hundreds of times while the SDKs
# are imported, which takes a sixth of the time and frees nothing.
gc.disable()
code = main()
sys.stdout.flush()
sys.stderr.flush()
# Ends without freeing hundreds of thousands of objects of the SDKs one by one, which takes a tenth of the time. mypy
# ends the same way (`mypy.util.hard_exit`). Every file is closed by now, and a plan has no child processes.
os._exit(code)
