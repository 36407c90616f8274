"""Rules that a resource must keep, whoever wrote the program. Pure: imports no Pulumi.

`policy.check(resources)` is what `make plan` calls; `policy/pack` gives the same rules to `pulumi preview`.
"""

from policy.check import RULES, check
from policy.config import ConfigError, load_config, project_config
from policy.rule import Level, Violation

__all__ = ["RULES", "ConfigError", "Level", "Violation", "check", "load_config", "project_config"]
