"""What Kubernetes admits as labels and annotations, so that a typing error is found before anything is made.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""

import re
from collections.abc import Iterator, Mapping

OWN_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
"""Labels that select pods: another value would take a pod away from its Service and its NetworkPolicy."""
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def refused_key(key: str) -> str:
    """Why a key of a label or of an annotation is none; empty: it is one."""
    prefix, slash, name = key.rpartition("/")
    if _NAME.fullmatch(name) and (not slash or _PREFIX.fullmatch(prefix)):
        return ""
    return (
        f"{key!r} is no key; it has letters, digits, '-', '_' and '.', at most 63 of them, after a domain and '/' "
        "where it has one"
    )


def label_mistakes(labels: Mapping[str, str]) -> Iterator[str]:
    """The labels that Kubernetes refuses, each with the reason."""
    for key, value in labels.items():
        if reason := refused_key(key):
            yield reason
        elif value and not _NAME.fullmatch(value):
            yield f"{key}: {value!r} is no value of a label: letters, digits, '-', '_' and '.', at most 63 of them"


def refused_labels(labels: Mapping[str, str]) -> Iterator[str]:
    """The labels that pods of this program cannot have, each with the reason."""
    yield from (
        f"{key} selects the pods, and is set by this program; leave it out" for key in OWN_LABELS if key in labels
    )
    yield from label_mistakes(labels)


def annotation_mistakes(annotations: Mapping[str, str]) -> Iterator[str]:
    """The annotations that Kubernetes refuses, each with the reason. Their values are free."""
    yield from (reason for key in annotations if (reason := refused_key(key.lower())))
