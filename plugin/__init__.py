"""The components for programs in other languages. The package is called kotaemon, for ever: it is part of every URN."""
