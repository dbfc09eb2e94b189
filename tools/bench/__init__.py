"""The bench page: the simulated unit in a browser."""
