"""The pages: of the family, of the school, of the kitchen, of the office."""
