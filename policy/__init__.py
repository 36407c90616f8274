"""Rules that every resource of a stack must keep, whichever program makes it. Pure: imports no Pulumi.

`make plan` calls `policy.check(resources)`. policy/pack gives the same rules to `pulumi preview` as a policy pack.
"""

from policy.check import RULES, check
from policy.config import ConfigError, load_config, project_config
from policy.rule import Level, Violation

__all__ = ["RULES", "ConfigError", "Level", "Violation", "check", "load_config", "project_config"]
