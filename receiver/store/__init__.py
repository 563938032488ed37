"""Redis: the only place that imports it. Lua merges and commits, it never decides."""
