"""What we ask others: one module for each far end, none knows of another."""
