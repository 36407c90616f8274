"""From resources to sums: what is priced, what is free, and that nothing unknown is ever zero."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contract import Platform
from estimate import price_list as price_lists
from estimate.cost import Bought, Estimate, Mount, Sum, bought, estimate, estimate_bought, in_reference_region
from estimate.price_list import PriceList, load, price_list
from estimate.product import Free, Unknown, Use
from estimate.products.aws_key import AwsKey
from estimate.products.ebs import EbsDisk
from estimate.products.ebs_snapshots import EbsSnapshots
from estimate.products.ec2 import Ec2Instance
from estimate.products.efs import Efs
from estimate.products.lustre import Lustre
from estimate.products.openzfs import OpenZfs
from estimate.products.own_class import OwnClass
from estimate.products.own_storage import OwnStorage
from estimate.products.rds import RdsPostgres
from estimate.recognise import Plan, Resource, gib

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
DISK = Mount("kotaemon-disk", ("indexes", "sessions"), "block", 50)
FILES = Mount("kotaemon-files", ("models", "logs"), "file", 100)


def resource(kind: str, name: str = "x", components: tuple[str, ...] = (), **inputs: Any) -> Resource:
    return Resource(kind, name, components, inputs)


def claim(storage_class: str, size: str = "50Gi", **spec: Any) -> Resource:
    inner = {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}, **spec}
    return resource(CLAIM, "disk-claim", ("kotaemon-disk",), spec=inner)


def storage_class(provisioner: str, **parameters: str) -> Resource:
    return resource(CLASS, "disk-class", ("kotaemon-disk",), metadata={"name": "fast"}, provisioner=provisioner, parameters=parameters)  # fmt: skip


def costed(
    *resources: Resource, mounts: tuple[Mount, ...] = (DISK,), region: str = "us-east-1", **more: Any
) -> Estimate:
    return estimate(resources, mounts, Platform.AWS, region, **more)


def test_a_disk_is_priced_by_its_class() -> None:
    found = costed(storage_class("ebs.csi.aws.com", type="gp3", iops="5000", throughput="250"), claim("fast"))
    assert [(line.what, line.quantity, line.amount) for line in found.lines] == [
        ("storage", 50, Decimal("4.00")),
        ("IOPS", 2000, Decimal("10.000")),
        ("throughput", 125, Decimal("5.00")),
    ]
    assert {(line.claim, line.roles, line.medium) for line in found.lines} == {
        ("kotaemon-disk", "indexes, sessions", "block")
    }
    assert found.total == Sum(Decimal("19.000"))
    assert found.free == {CLASS: "an object of the cluster; nodes and load balancers are not part of the stack"}


def test_an_attributes_class_wins_over_the_class() -> None:
    attributes = resource(
        "kubernetes:storage.k8s.io/v1:VolumeAttributesClass", metadata={"name": "quick"}, parameters={"iops": "4000"}
    )
    made = claim("fast", volumeAttributesClassName="quick")
    plan = Plan([storage_class("ebs.csi.aws.com", type="gp3"), attributes, made], {})
    assert plan.recognise(made) == EbsDisk(50, "gp3", 4000)


def test_a_class_that_is_not_of_the_stack_is_unknown() -> None:
    found = costed(claim("someones"))
    assert [line.unknown for line in found.lines] == [
        "StorageClass someones is not made by this stack, so its price is not known"
    ]
    assert found.total == Sum(Decimal(0), unknown=1)


def test_a_share_of_ones_own_is_unknown_although_every_object_is_free() -> None:
    static = resource(CLAIM, components=("kotaemon-files",), spec={"storageClassName": ""})
    found = costed(static, mounts=(FILES,))
    assert [(line.claim, line.unknown) for line in found.lines] == [
        ("kotaemon-files", "storage of your own: its cost is not known")
    ]
    assert [item.product for item in found.bought] == [OwnStorage(100)]


def test_a_file_system_is_billed_once() -> None:
    system = resource(
        "aws:efs/fileSystem:FileSystem", "files", ("kotaemon-files",), throughputMode="elastic", encrypted=True
    )
    static = resource(CLAIM, components=("kotaemon-files",), spec={"storageClassName": ""})
    other = resource(CLAIM, components=("kotaemon-files-folders",), spec={"storageClassName": ""})
    found = costed(system, static, other, mounts=(FILES,))
    assert {line.resource for line in found.lines} == {"files"}
    assert found.lines[0].amount == Decimal("30.00")


def test_what_depends_on_use_is_unknown_until_it_is_told() -> None:
    system = resource("aws:efs/fileSystem:FileSystem", "files", ("kotaemon-files",), throughputMode="elastic")
    assert costed(system, mounts=(FILES,)).total == Sum(Decimal("30.00"), by_use=3)
    told = Use(read_gib=1000, written_gib=100, backup_gib=50)
    # the price of AWS Backup is not known here: telling how much it holds does not help
    assert costed(system, mounts=(FILES,), use=told).total == Sum(Decimal("66.00"), unknown=1)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (resource("aws:dynamodb/table:Table"), "no price rule knows this type"),
        (resource("kubernetes:postgresql.cnpg.io/v1:Cluster"), "a custom resource: what its operator makes is not known"),
        (resource("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"}), "a load balancer, made by the cluster's cloud"),
        (resource("kubernetes:apps/v1:StatefulSet", spec={"volumeClaimTemplates": [{}]}), "its volumes are made from a template"),
        (resource("aws:fsx/lustreFileSystem:LustreFileSystem", storageCapacity=6000, storageType="HDD"), "its inputs are not understood (ValueError: storage type HDD: only SSD has a rule)"),
        (resource("aws:ebs/volume:Volume", size=10, type="st1"), "its inputs are not understood (ValueError: type st1: only gp3 and io2 have a rule)"),
        (resource("aws:ebs/volume:Volume", type="gp3"), "its inputs are not understood (KeyError: 'size')"),
    ],
    ids=lambda value: value.type if isinstance(value, Resource) else "",
)  # fmt: skip
def test_what_no_rule_understands_is_unknown(found: Resource, reason: str) -> None:
    assert Plan([found], {}).recognise(found) == Unknown(reason)
    result = costed(found, mounts=())
    assert result.total == Sum(Decimal(0), unknown=1)
    assert result.lines[0].unknown == reason


def test_a_disk_of_an_unknown_driver_is_unknown() -> None:
    made = claim("fast")
    found = Plan([storage_class("disk.example.org"), made], {}).recognise(made)
    assert found == Unknown("no price rule knows the provisioner disk.example.org")


def test_a_folder_of_efs_is_billed_with_its_file_system() -> None:
    made = claim("fast")
    found = Plan([storage_class("efs.csi.aws.com", provisioningMode="efs-ap"), made], {}).recognise(made)
    assert found == Free("a way to storage; that storage is billed")


def test_what_is_free_says_why() -> None:
    group = resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert Plan([group], {}).recognise(group) == Free("security groups are free")


def test_a_region_without_prices_is_unknown_and_compared() -> None:
    system = resource("aws:efs/fileSystem:FileSystem", "files", ("kotaemon-files",), throughputMode="elastic")
    found = costed(system, mounts=(FILES,), region="eu-central-1")
    assert found.lines[0].unknown == "no published price of efs.standard.storage in eu-central-1 is known"
    assert found.total == Sum(Decimal(0), unknown=1, by_use=3)
    other = in_reference_region(found)
    assert other is not None
    assert (other.region, other.total) == ("us-east-1", Sum(Decimal("30.00"), by_use=3))
    assert in_reference_region(other) is None


def test_a_line_without_a_price_shows_that_of_the_reference_region() -> None:
    items = [bought("disk", EbsDisk(100, "gp3")), bought("files", Efs(10))]
    found = estimate_bought(items, Platform.AWS, "sa-east-1", Use(read_gib=40))
    shown = {(line.resource, line.what): line for line in found.lines if line.price is None}
    reading = shown["files", "reading"]
    assert reading.amount is None, "the amount of another region is not that of this one"
    assert reading.reference == price_list(Platform.AWS).find("efs.elastic.read", "us-east-1")
    known = estimate_bought(items, Platform.AWS, "us-east-1", Use(read_gib=40))
    assert [line.reference for line in known.lines] == [None] * len(known.lines)


def test_a_private_platform_has_no_prices() -> None:
    assert price_list(Platform.PRIVATE) == PriceList("", {})
    found = estimate([claim("fast")], (DISK,), Platform.PRIVATE, "")
    assert (found.currency, found.total) == ("", Sum(Decimal(0), unknown=1))
    assert in_reference_region(found) is None


@pytest.mark.parametrize("platform", [Platform.AWS, Platform.ALICLOUD])
def test_every_price_has_a_date_a_source_and_a_unit(platform: Platform) -> None:
    prices = price_list(platform)
    assert prices.currency == "USD"
    for item, regions in prices.prices.items():
        for region, price in regions.items():
            assert price.amount > 0, (item, region)
            assert price.date[:2] == "20", (item, region)
            assert price.source.startswith("https://"), (item, region)
            assert price.unit, (item, region)


def test_a_price_without_a_source_is_refused() -> None:
    text = """
currency: USD
sources: {page: {date: "", address: https://example.org}}
prices:
  ebs.gp3.storage: {unit: GiB-month, in: {us-east-1: {price: 0.08, source: page}}}
"""
    with pytest.raises(ValueError, match=r"ebs\.gp3\.storage in us-east-1: the price needs a unit, and a source"):
        load(text)


def test_every_item_of_the_price_list_is_one_that_something_is_billed_by() -> None:
    """A misspelt item would be a price that is never found."""
    products = [
        *(EbsDisk(100, kind, 100_000, 1000) for kind in ("gp3", "io2")),
        *(Efs(1, one_zone=zone) for zone in (True, False)),
        *(OpenZfs(64, d, 160, 1000) for d in ("MULTI_AZ_1", "SINGLE_AZ_HA_2", "SINGLE_AZ_HA_1", "SINGLE_AZ_2", "SINGLE_AZ_1")),
        EbsSnapshots(),
        Ec2Instance("m7g.large", 16),
        *(Lustre(1200, "PERSISTENT_2", t, 12_000) for t in (125, 250, 500, 1000)),
    ]  # fmt: skip
    billed = {charge.item for product in products for charge in product.charges(Use())}
    prefixes = ("ebs.", "ec2.", "efs.", "openzfs.", "lustre.")
    listed = {item for item in price_list(Platform.AWS).prices if item.startswith(prefixes)}
    assert listed - billed == set()


def test_every_data_file_is_one_of_a_platform() -> None:
    assert {path.stem for path in price_lists.FOLDER.glob("*.yaml")} == {"aws", "alicloud"}


def test_a_resource_that_no_rule_understands_is_placed_as_what_it_is_a_kind_of() -> None:
    lines = costed(resource("aws:rds/instance:Instance", engine="mysql"), claim("x", "1Mi"), mounts=()).lines
    assert {(line.what, line.roles, line.medium) for line in lines} == {
        ("all of it", "sessions", "database"),
        ("all of it", "all roles", "block"),
    }


def test_what_is_bought_for_a_claim_has_the_place_of_its_mount() -> None:
    disk = EbsDisk(50, "gp3")
    assert bought("r", disk, DISK.claim, [FILES, DISK]) == Bought("r", DISK.claim, "indexes, sessions", "block", disk)


def test_what_is_bought_for_no_claim_has_the_place_that_it_says_or_else_its_own() -> None:
    key, database = AwsKey(), RdsPostgres("db.t4g.small", 20, multi_az=True)
    assert bought("r", key) == Bought("r", "", "all roles", "key", key)
    assert bought("r", database) == Bought("r", "", "sessions", "database", database)
    own = OwnClass(20, "fast")
    assert bought("r", own, roles="indexes") == Bought("r", "", "indexes", "block", own)
    assert bought("r", own, "no-role-is-on-it", [DISK]) == Bought("r", "", "all roles", "block", own)


def test_lines_are_ordered_by_what_is_known_and_made_and_by_name() -> None:
    items = [
        bought("a", OwnStorage(1), "logs", [Mount("logs", ("logs",), "file", 1)]),
        bought("b", OwnStorage(1), "models", [Mount("models", ("models", "eval"), "file", 1)]),
        bought("d", EbsDisk(1, "gp3")),
        bought("c", Efs(1)),
        bought("z", Unknown("nobody knows")),
    ]
    for given_order in permutations(items):
        found = estimate_bought(given_order, Platform.AWS, "us-east-1")
        assert [item.resource for item in found.bought] == ["z", "c", "d", "b", "a"]
        assert list(dict.fromkeys(line.resource for line in found.lines)) == ["z", "c", "d", "b", "a"]


def test_what_is_unknown_stays_unknown_in_the_reference_region() -> None:
    operated = resource("kubernetes:postgresql.cnpg.io/v1:Cluster")
    system = resource("aws:efs/fileSystem:FileSystem", "files", ("kotaemon-files",), throughputMode="elastic")
    other = in_reference_region(costed(operated, system, mounts=(FILES,), region="eu-central-1"))
    assert other is not None
    assert other.total == Sum(Decimal("30.00"), unknown=1, by_use=3)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10_000)), max_size=8))
def test_a_sum_knows_what_is_missing_in_it(parts: list[tuple[bool, int]]) -> None:
    """Every line is in exactly one of: the amount, the unknown, the dependent on use."""
    claims = [
        claim("fast", f"{size}Gi") if known else resource(CLAIM, "y", spec={"storageClassName": "other", "resources": {"requests": {"storage": "1Gi"}}})
        for known, size in parts
    ]  # fmt: skip
    found = costed(storage_class("ebs.csi.aws.com", type="gp3"), *claims, mounts=())
    known = [line for line in found.lines if line.amount is not None]
    assert found.total.known == sum(line.amount or 0 for line in known)
    assert len(known) + found.total.unknown + found.total.by_use == len(found.lines)
    assert found.total.unknown == sum(not known for known, _ in parts)


@pytest.mark.parametrize(("text", "size"), [("50Gi", 50), ("2Ti", 2048)])
def test_sizes(text: str, size: int) -> None:
    assert gib(text) == size


def test_a_size_in_other_units_is_refused() -> None:
    with pytest.raises(ValueError, match="'100GB' is not a size in Gi or Ti"):
        gib("100GB")


def test_own_classes_keep_their_size() -> None:
    made = claim("someones", "2Ti")
    assert Plan([made], {}).recognise(made) == OwnClass(2048, "someones")
