"""Maintainers' tools: figures, mutants, flash wear, generated documents."""
