"""The components for programs in other languages.

The package is always called kotaemon: the name is part of every URN.
"""
