"""The pages of the documentation: what they print is generated, what they show is executed, what they link exists."""
