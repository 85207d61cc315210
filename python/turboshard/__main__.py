"""``python -m turboshard`` is ``turboshard``."""

import sys

from turboshard.cli import main

sys.exit(main())
