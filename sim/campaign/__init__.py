"""Campaigns and the fault matrix: random sessions, every fault in every state, and verdicts."""
