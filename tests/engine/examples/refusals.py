"""What the stand-ins for the clouds refuse, as the clouds do: each rule once, with where it is read.

"botocore" are the texts of botocore 1.44.8's models, read on 2026-11-29; "tf-alicloud" is aliyun/terraform-provider-alicloud
at 81c43b6 (2026-08-21); "Alibaba SDK" are the texts of the request models in requirements-cloud-api.lock. In the stand-ins the
last letter of a subnet's or a vSwitch's id is its zone.
"""

from collections.abc import Iterable

from tests.engine.examples import refusals_alicloud, refusals_aws
from tests.engine.examples.rule import Asked, Values

RULES = (*refusals_aws.RULES, *refusals_alicloud.RULES)


def refused(type_: str, inputs: Values, there: Iterable[tuple[str, str, Values]]) -> str:
    """Why the cloud refuses to make it, or to change it to this; empty: it does not. `there`: all that is there but it."""
    asked = Asked(inputs, list(there))
    return next((why for rule in RULES if rule.type == type_ and (why := rule.refused(asked))), "")
