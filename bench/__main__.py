"""Makes `python -m bench` run the command line of `bench/cli.py`.

Nothing else lives here.
"""

from bench.cli import main

if __name__ == "__main__":
    main(prog_name="python -m bench")
