"""What the product says about itself: traces, metrics."""
