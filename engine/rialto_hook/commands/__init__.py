"""The commands of `python -m rialto_hook`, a module each: its help, `add_arguments`, and `run` with the exit code."""
