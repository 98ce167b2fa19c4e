"""Makes `python -m bench` run the command line of `bench/cli.py`; `python -m bench instructions` has one of its own.

Nothing else lives here.
"""

import sys

from bench import cli
from bench.instructions import command

if __name__ == "__main__":
    if sys.argv[1:2] == [command.NAME]:
        command.main(sys.argv[2:], prog_name=f"python -m bench {command.NAME}")
    else:
        cli.main(prog_name="python -m bench")
