"""The ``nodulescope`` command: one file per subcommand, and what they share on a terminal."""
