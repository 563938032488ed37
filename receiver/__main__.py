"""`receiver` and `python -m receiver`."""

from receiver.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
