"""A run on many processes or machines: steps that read a store and write into it, and the driver that asks for them."""
