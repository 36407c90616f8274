"""The rules as a policy pack. Only here is pulumi_policy imported: it lives in an environment of its own."""
