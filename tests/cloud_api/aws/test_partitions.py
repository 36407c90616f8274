"""Partitions of regions, and the last part of their host names, as botocore knows them."""

import json
from pathlib import Path

import botocore

from components.aws import dns_suffix, partition

DATA = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())["partitions"]


def test_every_region_of_botocore_is_in_its_partition() -> None:
    wrong = {
        region: (partition(region), dns_suffix(region))
        for found in DATA
        for region in found["regions"]
        if "global" not in region
        and (partition(region), dns_suffix(region)) != (found["id"], found["outputs"]["dnsSuffix"])
    }
    assert wrong == {}
    assert len(DATA) >= 8
