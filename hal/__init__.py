"""What the waistband is made of: the contract and the boards that fulfil it."""
