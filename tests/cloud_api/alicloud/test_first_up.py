"""The calls of `make first-up-check` on Alibaba Cloud, and the answers that its tests give, fit the SDKs' models.

There are SDKs here of KMS, ECS, NAS and RDS; those of STS, RAM and Container Service are not installed.
"""

import inspect
import re
from typing import Any

import pytest

pytest.importorskip("alibabacloud_nas20170626", reason="needs requirements-cloud-api.txt: make cloud-api")

from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_kms20160120 import models as kms
from alibabacloud_nas20170626 import models as nas
from alibabacloud_rds20140815 import models as rds

from deploy.first_up import alicloud
from deploy.first_up.findings import ask
from tests.unit.deploy.first_up.accounts import ALI_TYPES, Cloud, alicloud_account, alicloud_settings, asked

MODELS: dict[str, Any] = {"ecs": ecs, "kms": kms, "nas": nas, "rds": rds, "vpc": ecs}
"""Service -> its models. DescribeVSwitches of VPC is in ECS as well, with the same answer."""


def exchanged() -> Cloud:
    cloud = alicloud_account()
    ask(alicloud.checks(asked(alicloud_settings(), ALI_TYPES), cloud))
    new = alicloud_settings(key={"instanceId": "kst-hzz62example"})
    del new["alicloud"]["keyId"]
    ask(alicloud.checks(asked(new, ALI_TYPES), cloud))
    return cloud


def _names(model: Any) -> set[str]:
    """Names of a model's fields as the API has them: the keys that its `to_map` writes."""
    return set(re.findall(r"result\['([^']+)'\] =", inspect.getsource(model.to_map)))


def test_every_parameter_is_one_of_the_api() -> None:
    asked_for = 0
    for service, operation, parameters in exchanged().calls:
        request = getattr(MODELS.get(service), f"{operation}Request", None)
        if request is not None:
            asked_for += 1
            names = {name.partition(".")[0] for name in parameters}
            assert names <= _names(request), operation
            inner = {name.rpartition(".")[2] for name in parameters if name.startswith("DataDisk.")}
            assert inner <= (_names(ecs.DescribePriceRequestDataDisk) if inner else set())
    assert asked_for >= 5


def test_every_answer_has_only_members_of_the_api() -> None:
    read: set[str] = set()
    for service, operation, answer in exchanged().answered:
        body = getattr(MODELS.get(service), f"{operation}ResponseBody", None)
        if body is None:
            continue
        read.add(operation)
        again = body().from_map(answer).to_map()
        assert again == answer, f"{service} {operation}: the model drops a member"
    assert read == {
        "DescribeKey",
        "ListKmsInstances",
        "DescribeZones",
        "DescribePrice",
        "DescribeAvailableClasses",
        "DescribeVSwitches",
    }
