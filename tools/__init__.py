"""The command `waistband`: what people at a desk do with the unit and its simulator."""
