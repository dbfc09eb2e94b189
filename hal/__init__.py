"""Hardware abstraction layer: the contract, the boards and the drivers that fulfil it."""
