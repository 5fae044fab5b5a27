"""The pages of diets: of the family, of the office, of the kitchen; and who has seen a family's data."""
