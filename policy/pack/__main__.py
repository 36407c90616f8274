"""The policy pack: `pulumi preview --policy-pack policy/pack`. Starts a server and never returns."""

import sys
from pathlib import Path

# The CLI starts the pack in its own folder and environment; the rules are two folders up and need nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack.policies import policies

PolicyPack("kotaemon-storage", policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
