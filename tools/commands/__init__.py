"""The command line: one file a command, with its options, its help and the call."""
