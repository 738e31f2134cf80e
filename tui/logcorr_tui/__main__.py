"""`python -m logcorr_tui`: the same command as `logcorr-tui`."""

import sys

from logcorr_tui.main import main

if __name__ == "__main__":
    sys.exit(main())
