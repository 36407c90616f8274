"""What the plugin hosts: every component of the package, by the package's own list of its public names."""

import inspect

from pulumi import ComponentResource

import components

_PUBLIC = [getattr(components, name) for name in dir(components)]
COMPONENTS: list[type[ComponentResource]] = [
    public for public in _PUBLIC if inspect.isclass(public) and issubclass(public, ComponentResource)
]
