"""What a namespace and a version of Kubernetes admit, held against the repository's stacks before anything is made."""

import json
from typing import Any

import pulumi
import pytest

from guard.namespace import Namespace, Quota
from plan import collect, stack_file
from plan.recorder import run_program
from stacks import planned as planning
from stacks.cluster_facts import ClusterFacts, Wanted
from stacks.program import settings_of_this_run
from stacks.settings.load import SettingsError
from tests.unit.plan.plans import STACKS, run
from tests.unit.stacks.test_network import changed

RESTRICTED = Namespace("kotaemon", level="restricted")


def warned(name: str, facts: ClusterFacts, **keys: Any) -> list[str]:
    """What is warned of when the stack is planned and the cluster answers so. Raises what refuses the stack."""
    asked: list[Wanted] = []

    def ask(wanted: Wanted) -> ClusterFacts:
        asked.append(wanted)
        return facts

    file = stack_file.read(name)
    config = {
        **file.config,
        **{f"kotaemon:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()},
    }
    made = run_program(
        lambda: planning.planned(settings_of_this_run(), ask) and None, stack=name, preview=True, config=config
    )
    assert [one.namespace for one in asked] == ["kotaemon"], "asked once"
    assert [r for r in made.registrations if r.custom] == [], "nothing was made"
    return made.warnings


def refused(name: str, facts: ClusterFacts, **keys: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        warned(name, facts, **keys)
    return str(caught.value)


@pytest.mark.parametrize("name", STACKS)
def test_a_namespace_that_admits_restricted_pods_and_has_room_admits_every_example(name: str) -> None:
    quota = Quota("team", {"pods": "20", "requests.memory": "64Gi", "limits.memory": "64Gi", "requests.storage": "9Ti"})
    roomy = ClusterFacts(version="v1.30.0", namespace=Namespace("kotaemon", "restricted", (quota,)))
    assert not [line for line in warned(name, roomy) if "namespace kotaemon" in line]


def test_what_a_quota_counts_is_what_the_stack_registers() -> None:
    """The pods and claims that are held against a quota are those of the plan, container by container."""
    text = refused("private-scaled", ClusterFacts(namespace=Namespace("kotaemon", quotas=(Quota("team", ALL_ZERO),))))
    made = [r.inputs for r in run("private-scaled").registrations if r.is_object]
    claims = [
        one for one in made if one["kind"] == "PersistentVolumeClaim" and one["metadata"]["namespace"] == "kotaemon"
    ]
    assert f"persistentvolumeclaims, and this stack asks for {len(claims)} at" in text
    gib = sum(int(one["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) for one in claims)
    assert f"requests.storage, and this stack asks for {gib}Gi at" in text
    servers = [one for one in made if one["kind"] == "StatefulSet"]
    copies = [one for one in made if one["kind"] == "CronJob"]
    assert (len(servers), len(copies)) == (2, 2)
    assert f"pods, and this stack asks for {3 + 1 + 2 + 2} at" in text
    limits = 4 * 4 + 2 + 4 + 2 * 0.5  # application with a roll-out, PostgreSQL, Qdrant, copies
    assert f"limits.memory, and this stack asks for {limits:g}Gi at" in text


ALL_ZERO = dict.fromkeys(("pods", "limits.memory", "persistentvolumeclaims", "requests.storage"), "0")


def test_a_quota_on_a_cpu_limit_asks_for_cpu_limit() -> None:
    cluster = ClusterFacts(namespace=Namespace("kotaemon", quotas=(Quota("team", {"limits.cpu": "64"}),)))
    text = refused("private-scaled", cluster)
    assert text.count("set kotaemon:cpuLimit") == 5, "the application, two servers, two copies"
    assert "the copy of stores.database says none for folder" not in text
    assert not [line for line in warned("private-scaled", cluster, cpuLimit="2") if "quota" in line]


def test_a_level_below_restricted_and_a_limit_range_that_fits() -> None:
    limits = ({"type": "Container", "max": {"memory": "4Gi"}, "default": {"cpu": "2"}},)
    cluster = ClusterFacts(namespace=Namespace("kotaemon", "baseline", limits=limits))
    assert not [line for line in warned("dev", cluster) if "namespace kotaemon" in line]
    tight = ClusterFacts(namespace=Namespace("kotaemon", limits=({"type": "Container", "max": {"memory": "3Gi"}},)))
    assert "kotaemon:namespace kotaemon: container kotaemon of the application takes 4Gi memory" in refused(
        "dev", tight
    )


def test_openshift_is_told_the_ids_that_its_range_lacks() -> None:
    cluster = ClusterFacts(namespace=Namespace("kotaemon", uids="1000680000/10000"))
    lines = [line for line in warned("private-scaled", cluster) if "restricted-v2" in line]
    assert [line.partition(" refuses ")[2].partition(":")[0] for line in lines] == [
        "the application",
        "stores.database",
        "the copy of stores.database",
        "stores.vectorStore",
        "the copy of stores.vectorStore",
    ]
    assert "user 999 is outside of 1000680000/10000" in lines[1]
    inside = warned("dev", cluster, uid=1000680000, gid=1000680000)
    assert not [line for line in inside if "restricted-v2" in line]


def test_what_others_use_is_told_of_a_namespace_that_exists() -> None:
    quota = Quota("team", {"requests.memory": "4Gi"}, {"requests.memory": "3Gi"})
    cluster = ClusterFacts(namespace=Namespace("kotaemon", quotas=(quota,)))
    text = "kotaemon:namespace kotaemon: quota team: 3Gi of 4Gi requests.memory are used"
    assert [line for line in warned("dev", cluster, namespaceExists=True) if line.startswith(text)]
    assert not [line for line in warned("dev", cluster) if "are used" in line], "that is mostly the stack itself"


def test_a_namespace_that_should_be_there_is_missing() -> None:
    text = refused("dev", ClusterFacts(namespace_missing=True), namespaceExists=True)
    assert "kotaemon:namespaceExists: the cluster has no namespace kotaemon" in text
    assert warned("dev", ClusterFacts(namespace_missing=True)) is not None


def test_an_old_server_is_refused_before_anything_is_made() -> None:
    text = refused("dev", ClusterFacts(version="v1.29.6+k3s1"))
    assert "the API server is version v1.29.6+k3s1, which is older than 1.30" in text
    assert "lifecycle.preStop.sleep" in text


def test_a_younger_feature_is_used_only_where_it_is() -> None:
    file = stack_file.read("aws-single")
    storage = json.loads(file.config["kotaemon:storage"])
    disk = next(name for name, claim in storage["claims"].items() if claim["kind"] == "ebs")
    storage["claims"][disk]["attributesClass"] = True
    text = refused("aws-single", ClusterFacts(version="v1.33.4-eks-1"), storage=storage)
    assert f"kotaemon:storage.claims.{disk}.attributesClass: needs Kubernetes 1.34, and the cluster is v1.33.4" in text
    assert warned("aws-single", ClusterFacts(version="v1.34.0-eks-1"), storage=storage) is not None
    cluster = {**json.loads(file.config.get("kotaemon:cluster", "{}")), "version": "1.31"}
    with pytest.raises(pulumi.RunError, match=r"needs Kubernetes 1\.34, and the cluster is 1\.31"):
        changed("aws-single", storage=storage, cluster=cluster)


def test_the_servers_word_goes_before_the_stack_files() -> None:
    lines = warned("dev", ClusterFacts(version="v1.34.1"), cluster={"version": "1.30"})
    assert "kotaemon:cluster.version: is '1.30', but the API server is v1.34.1, which counts; correct it" in lines
    assert not [
        line for line in warned("dev", ClusterFacts(version="v1.30.9"), cluster={"version": "1.30"}) if "counts" in line
    ]


def test_what_could_not_be_asked_is_said() -> None:
    (line,) = [one for one in warned("dev", ClusterFacts(gaps=("a", "b"))) if "not known" in one]
    assert line == "kotaemon:cluster: not known, and so not checked: a; b"
    assert not [one for one in warned("dev", ClusterFacts()) if "not known, and so" in one]


def test_a_plan_takes_the_words_of_the_stack_file() -> None:
    namespace: dict[str, Any] = {
        "podSecurity": "restricted",
        "quota": {"pods": 2, "requests.memory": "64Gi"},
        "limits": [{"type": "Container", "max": {"memory": "2Gi"}, "defaultRequest": {"cpu": "100m"}}],
    }
    with pytest.raises(pulumi.RunError) as caught:
        changed("private-scaled", cluster={"namespace": namespace})
    text = str(caught.value)
    assert "quota kotaemon:cluster.namespace.quota allows 2 pods" in text
    assert "container kotaemon of the application takes 4Gi memory, and the limit range allows 2Gi" in text
    told = changed("dev", cluster={"namespace": {"uidRange": "1000680000/10000"}}).warnings
    assert [line for line in told if "restricted-v2" in line]


@pytest.mark.parametrize(
    ("namespace", "part"),
    [
        ({"quota": {"pods": "many"}}, "is no quantity"),
        ({"limits": [{"type": "Node"}]}, "namespace.limits.0.type"),
        ({"uidRange": "1001"}, "must be like 1000680000/10000"),
        ({"podSecurity": "strict"}, "podSecurity"),
    ],
)
def test_mistakes_in_the_words(namespace: dict[str, Any], part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        changed("dev", cluster={"namespace": namespace})
    assert part in str(caught.value)


def test_the_cluster_goes_before_the_words() -> None:
    words = {"namespace": {"quota": {"pods": "1"}}}
    assert "quota" in refused("private-scaled", ClusterFacts(), cluster=words)
    assert not [
        line for line in warned("private-scaled", ClusterFacts(namespace=RESTRICTED), cluster=words) if "quota" in line
    ]


def test_a_plan_needs_no_cluster() -> None:
    assert not [line for line in collect.preview(stack_file.read("dev")).warnings if "not known, and so" in line]
