"""The components that the plugin hosts: every component among the public names of the package `components`."""

import inspect

from pulumi import ComponentResource

import components

_PUBLIC = [getattr(components, name) for name in dir(components)]
COMPONENTS: list[type[ComponentResource]] = [
    public for public in _PUBLIC if inspect.isclass(public) and issubclass(public, ComponentResource)
]
