"""What an alerting rule compares."""

import pytest

from receiver.core.expression import Condition, read_condition


@pytest.mark.parametrize(
    ("expression", "value", "comparison", "threshold"),
    [
        ("up == 0", "up", "==", 0.0),
        ("rate(http_requests_total[5m]) > 1e2", "rate(http_requests_total[5m])", ">", 100.0),
        ("(a / b) > .5", "(a / b)", ">", 0.5),
        ("((a / b > 0.5))", "a / b", ">", 0.5),
        ("0.9 < ratio", "ratio", ">", 0.9),
        ("a > bool 3", "a", ">", 3.0),
        ('sum by (x) (a{y=~"z>2|and"}) >= 7 and on (x) b > 1', 'sum by (x) (a{y=~"z>2|and"})', ">=", 7.0),
        ("(a > 1) and (b > 2)", "a", ">", 1.0),
        ("a < b", "a", "<", None),
        ("absent(up)", "absent(up)", "", None),
        ("a > 1 or b > 2", "a > 1 or b > 2", "", None),
        ("(a) + (b) > 4", "(a) + (b)", ">", 4.0),
        ('a{x="\\"> 9"} > 4', 'a{x="\\"> 9"}', ">", 4.0),
        ("min_over_time((a > 1)[5m:]) != -2.5", "min_over_time((a > 1)[5m:])", "!=", -2.5),
    ],
)
def test_an_expression_is_a_value_a_comparison_and_a_threshold(expression, value, comparison, threshold):
    assert read_condition(expression) == Condition(value=value, comparison=comparison, threshold=threshold)


def test_a_rule_that_fires_below_its_threshold_has_a_floor():
    assert read_condition("free < 10").is_floor
    assert not read_condition("used > 10").is_floor
