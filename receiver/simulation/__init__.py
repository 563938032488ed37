"""A simulated Alexandrite: exporters of its eight systems with faults to switch on, for `receiver demo` and for tests with a real Prometheus."""
