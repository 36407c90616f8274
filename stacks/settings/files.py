"""Files of the user's that a stack file names."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
"""The project's folder, from which paths in a stack file are read: that of Pulumi.yaml."""


def in_project(path: str) -> Path:
    """The file that a path of a stack file means: from the project's folder, `~` is the home folder."""
    return PROJECT / Path(path).expanduser()


def unreadable(path: str) -> str:
    """Why a text file cannot be read; empty when it can."""
    try:
        in_project(path).read_text()
    except OSError as error:
        return f"{path!r}: {error.strerror}; the path is read from the folder of Pulumi.yaml"
    except UnicodeDecodeError:
        return f"{path!r} is no text file"
    return ""
