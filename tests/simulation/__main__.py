"""The command line: many seeds in several processes, or one seed again with all that happened."""

import sys

from tests.simulation import clock

clock.install()  # before anything of the bot is imported

if __name__ == "__main__":
    from tests.simulation.command import main

    sys.exit(main())
