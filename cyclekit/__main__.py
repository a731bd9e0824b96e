"""`python -m cyclekit` is `cyclekit`."""

from cyclekit.cli.main import main

if __name__ == "__main__":
    main()
