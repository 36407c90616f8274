"""Serve the rules to the Pulumi engine, as a policy pack: `pulumi preview --policy-pack policy/pack`.

It runs until the engine ends it.
"""

import sys
from pathlib import Path

# The CLI starts the pack in the pack's folder and environment. The rules are two folders up and need no packages.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack.policies import policies

PolicyPack("kotaemon-storage", policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
