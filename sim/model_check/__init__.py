"""The exhaustive search of the state machine: every state that a unit can be in, every event.

`node` says what is kept of a unit, `stand` puts a real unit there and lets it run, `choices`
lists what can happen, `never` what must not, `search` goes everywhere. docs/maintainer/proof.md
argues.
"""
