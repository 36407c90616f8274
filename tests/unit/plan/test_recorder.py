"""The fixture itself: what must not pass does not pass."""

from collections.abc import Callable

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from plan.recorder import DuplicateUrn, Run

RunProgram = Callable[..., Run]


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Group", name, {}, opts)
        ConfigMap(f"{name}-map", metadata={"name": "m"}, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"ready": True})


@pytest.mark.parametrize("preview", [False, True])
def test_a_failed_apply_that_nobody_returned_fails_the_run(pulumi_run: RunProgram, preview: bool) -> None:
    def refuse(_: object) -> None:
        raise ValueError("seen")

    def program() -> None:
        ConfigMap("a", data={"k": "v"}).data.apply(refuse)

    with pytest.raises(ValueError, match="seen"):
        pulumi_run(program, preview=preview)


def test_a_duplicate_urn_is_refused(pulumi_run: RunProgram) -> None:
    def program() -> None:
        ConfigMap("a", data={"k": "v"})
        ConfigMap("a", data={"k": "w"})

    with pytest.raises(DuplicateUrn, match="ConfigMap::a"):
        pulumi_run(program)


def test_nothing_of_one_run_is_left_in_the_next(pulumi_run: RunProgram) -> None:
    first = pulumi_run(lambda: {"x": pulumi.Config("kotaemon").get("k")}, config={"kotaemon:k": "v"}, stack="one")
    second = pulumi_run(lambda: {"y": pulumi.Config("kotaemon").get("k"), "stack": pulumi.get_stack()}, stack="two")
    assert first.outputs["x"].value == "v"
    assert {k: o.value for k, o in second.outputs.items()} == {"y": None, "stack": "two"}


def test_options_secrets_and_components_are_recorded(pulumi_run: RunProgram) -> None:
    def program() -> dict[str, pulumi.Output[object]]:
        group = Group("g", pulumi.ResourceOptions(protect=True))
        secret = Secret(
            "s",
            string_data={"a": pulumi.Output.secret("hidden")},
            opts=pulumi.ResourceOptions(depends_on=[group], ignore_changes=["data"], retain_on_delete=True),
        )
        return {"secret": secret.string_data}

    run = pulumi_run(program)
    child, secret = run.one("kubernetes:core/v1:ConfigMap"), run.one("kubernetes:core/v1:Secret")
    assert child.protect
    assert [p.name for p in run.parents(child)] == ["g"]
    assert run.component_outputs[child.parent] == {"ready": True}
    assert secret.secret_keys == {"stringData"}
    assert secret.inputs["stringData"] == {"a": "hidden"}
    assert child.urn in secret.depends_on
    assert secret.retain_on_delete
    assert secret.ignore_changes == ("data",)
    assert run.outputs["secret"].secret


def test_an_unknown_is_seen_in_a_preview(pulumi_run: RunProgram) -> None:
    def program() -> dict[str, pulumi.Output[object]]:
        first = ConfigMap("a", data={"k": "v"})
        ConfigMap("b", data={"status": first.immutable.apply(str)})
        return {"immutable": first.immutable}

    run = pulumi_run(program, preview=True)
    assert run.one("kubernetes:core/v1:ConfigMap", "b").unknowns == {"data"}
    assert not run.outputs["immutable"].known
    assert not run.one("kubernetes:core/v1:ConfigMap", "a").unknowns


def test_asking_for_one_of_several_says_what_there_is(pulumi_run: RunProgram) -> None:
    run = pulumi_run(lambda: [ConfigMap("a"), ConfigMap("b")])
    with pytest.raises(LookupError, match="2 registrations of kubernetes:core/v1:ConfigMap"):
        run.one("kubernetes:core/v1:ConfigMap")


def test_the_answer_of_a_provider_function_is_known_at_up(pulumi_run: RunProgram) -> None:
    def program() -> dict[str, pulumi.Output[object]]:
        answer: pulumi.Output[object] = pulumi.runtime.invoke_output("cloud:index:getCluster", {"id": "c1"})
        ConfigMap("a", data={"answer": answer.apply(str)})
        return {"answer": answer}

    run = pulumi_run(program, preview=True)
    assert not run.outputs["answer"].known
    assert run.one("kubernetes:core/v1:ConfigMap").unknowns == {"data"}
    with pytest.raises(LookupError, match="the provider function cloud:index:getCluster is not known"):
        pulumi_run(program)
