"""Makes `python -m bench` run the command line of `bench/cli.py`; `instructions` and `local` have their own.

Nothing else lives here.
"""

import sys

from bench import cli
from bench.instructions import command as instructions
from bench.local import command as local

if __name__ == "__main__":
    alone = {instructions.NAME: instructions.main, local.NAME: local.main}
    if sys.argv[1:2] and sys.argv[1] in alone:
        alone[sys.argv[1]](sys.argv[2:], prog_name=f"python -m bench {sys.argv[1]}")
    else:
        cli.main(prog_name="python -m bench")
