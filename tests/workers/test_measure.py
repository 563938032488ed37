"""The threshold of a picture is the one its message names, its values are in the unit of the message."""

import pytest

from receiver.core.expression import read_condition
from receiver.workers.measure import limit_of, scale_by
from tests.monitoring.pack import alerts


@pytest.mark.parametrize(
    ("said", "compared", "limit"),
    [
        ("100", 60.0, 100.0),
        ("0", 5.0, 0.0),
        ("0.5", None, 0.5),
        ("", 5.0, 5.0),
        ("", None, None),
        ("1 %", 5.0, 5.0),
        ("nan", 5.0, 5.0),
        ("inf", None, None),
    ],
)
def test_the_annotation_goes_before_what_the_rule_compares_with(said, compared, limit):
    assert limit_of({"threshold": said}, compared) == limit
    assert limit_of({}, compared) == compared


@pytest.mark.parametrize(
    ("expression", "notes", "scale"),
    [
        ("errors:ratio > 0.01", {"unit": "%"}, 100.0),
        ("errors:ratio > 0.01", {"unit": "%", "threshold": "1"}, 100.0),
        ("errors:ratio > 1", {"unit": "%", "threshold": "100"}, 100.0),
        ("errors:percent > 0.5", {"unit": "%", "threshold": "0.5"}, 1.0),
        ("100 * errors:ratio > 1", {"unit": "%"}, 1.0),
        ("errors / total * 100 > 1", {"unit": "%"}, 1.0),
        ("errors / 0.100 * total > 1", {"unit": "%"}, 100.0),
        ("errors:percent > 5", {"unit": "%"}, 1.0),
        ("latency:seconds > 0.5", {"unit": "s"}, 1.0),
        ("errors:ratio > limit", {"unit": "%"}, 1.0),
    ],
)
def test_what_is_a_ratio_is_told_from_what_is_in_per_cent_already(expression, notes, scale):
    assert scale_by(read_condition(expression), notes) == scale


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_a_shipped_alert_is_drawn_as_it_is_measured_with_the_threshold_its_message_names(rule):
    condition, notes = read_condition(rule["expr"]), rule["annotations"]
    assert scale_by(condition, notes) == 1.0, "the shipped rules measure in the unit of their annotations"
    assert limit_of(notes, condition.threshold) == float(notes["threshold"])
