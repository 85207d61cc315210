"""``python -m turboshard`` is ``turboshard``."""

import sys

from turboshard.cli import main

if __name__ == "__main__":
    sys.exit(main())
