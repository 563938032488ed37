"""Pure rules of the product: no clock, no I/O, no await. Called by `engine` (and later `trial`)."""
