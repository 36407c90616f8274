"""What a distribution writes into living objects is no difference: not in a preview, not in a refresh, not in an `up`."""

from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient
from kubernetes.dynamic import DynamicClient
from pulumi import automation as auto

from plan import stack_file
from plan.stack_file import StackFile
from tests.engine import stack
from tests.engine.conftest import World
from tests.engine.distributions import DISTRIBUTIONS, Change

NAME = "engine-distributions"
VERSIONS = {"Namespace": "v1", "ServiceAccount": "v1", "Ingress": "networking.k8s.io/v1", "Deployment": "apps/v1"}


@pytest.fixture(scope="module")
def file(world: World, tmp_path_factory: pytest.TempPathFactory) -> StackFile:
    """A stack that is up, with a way in."""
    way = {"ingress": {"hostname": "rag.example.org", "className": "traefik"}}
    made = stack.write(tmp_path_factory.mktemp("stack"), NAME, more=way)
    stack.up(world, made)
    return made


def written(api: ApiClient, change: Change, folder: Path) -> int:
    """Write as somebody else; returns how many objects were changed."""
    resource: Any = DynamicClient(api, cache_file=str(folder / "discovery.json")).resources.get(
        api_version=VERSIONS[change.kind], kind=change.kind
    )
    if change.kind == "Namespace":
        living = [resource.get(name=NAME)]
    else:
        living = [one for one in resource.get(namespace=NAME).items if one.metadata.name != "default"]
    for one in living:
        to = resource.status if change.status else resource
        to.patch(
            name=one.metadata.name,
            namespace=one.metadata.namespace,
            body=change.body,
            content_type="application/merge-patch+json",
            field_manager=change.manager,
        )
    return len(living)


def test_all_of_them_leave_no_difference(world: World, file: StackFile, tmp_path: Path) -> None:
    for name, distribution in DISTRIBUTIONS.items():
        for change in distribution.changes:
            assert written(world.cluster.api(), change, tmp_path), f"{name}: the stack has a {change.kind}"
    stack.opened(world, file).preview(expect_no_changes=True, color="never")
    stack.opened(world, file).refresh(expect_no_changes=True, color="never")
    assert stack.up(world, file).nothing_changed


def test_what_was_written_is_still_there(world: World, file: StackFile) -> None:
    """`up` would take away what it owns alone, and it owns none of that."""
    found = world.kube.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    assert found
    assert found["metadata"]["annotations"]["openshift.io/sa.scc.uid-range"] == "1000680000/10000"


def test_a_change_after_it_takes_nothing_of_it_away(world: World, file: StackFile) -> None:
    stack.change(file.path, {"podAnnotations": {"example.org/team": "search"}})
    assert not stack.up(world, stack_file.read_path(file.path)).nothing_changed
    accounts = world.kube.list("v1", "ServiceAccount", NAME)
    ours = [one for one in accounts if one["metadata"]["name"] != "default"]
    assert all(one["imagePullSecrets"] for one in ours)
    endpoint = "field.cattle.io/publicEndpoints"
    deployment = world.kube.list("apps/v1", "Deployment", NAME)[0]
    assert deployment["metadata"]["annotations"][endpoint]


def test_a_word_of_the_program_that_somebody_else_changes_is_a_difference(
    world: World, file: StackFile, tmp_path: Path
) -> None:
    """The neighbour of all the above: without it the others could not fail."""
    label = {"pod-security.kubernetes.io/enforce": "privileged"}
    assert written(world.cluster.api(), Change("Namespace", "somebody", {"metadata": {"labels": label}}, ""), tmp_path)
    with pytest.raises(auto.CommandError, match="no changes were expected"):
        stack.opened(world, file).refresh(preview_only=True, expect_no_changes=True, color="never")
