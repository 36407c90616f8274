"""What pods may ask of nodes: selectors and tolerations that the API server takes, and that a node can have."""

from collections.abc import Iterator, Mapping

from .args import TaintEffect, Toleration, TolerationOperator
from .labels import label_mistakes, refused_key


def refused_nodes(selector: Mapping[str, str]) -> Iterator[str]:
    """Why no node with these labels could run the pods, or the API server would refuse the selector."""
    yield from label_mistakes(selector)
    for key in ("kubernetes.io/os", "beta.kubernetes.io/os"):
        if selector.get(key, "linux") != "linux":
            yield f"{key}: {selector[key]!r} is not allowed; every image of the stack is for linux"


def refused_toleration(given: Toleration) -> str:
    """Why the API server would refuse a toleration; empty when it takes it.

    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """
    operator = TolerationOperator(given.get("operator", TolerationOperator.EQUAL))
    key = given.get("key")
    if operator == TolerationOperator.EXISTS and given.get("value"):
        return f"value {given.get('value')!r} is not allowed with the operator Exists; leave it out, or write Equal"
    if operator == TolerationOperator.EQUAL and not key:
        return "key is missing; a toleration of every key needs the operator Exists"
    if "toleration_seconds" in given and TaintEffect(given.get("effect", "NoSchedule")) != TaintEffect.NO_EXECUTE:
        return "tolerationSeconds needs the effect NoExecute, the only one that sends pods away"
    return refused_key(key) if key else ""
