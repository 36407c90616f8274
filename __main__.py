"""Kotaemon on Kubernetes with storage you can trust: the Pulumi program."""

from stacks.program import main

main()
