"""From `routing_rules/` to a `RuleBook`; faults with file, line and column."""
