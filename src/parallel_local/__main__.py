"""`python -m parallel_local` is `parallel-local`."""

from parallel_local.cli import main

if __name__ == "__main__":
    main(prog_name="parallel-local")
