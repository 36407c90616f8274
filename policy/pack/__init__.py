"""The rules as a Pulumi policy pack. It has a Python environment of its own: only this folder imports pulumi_policy."""
