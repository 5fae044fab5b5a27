"""The pages of the wallets: the statement (family and office), refunds, corrections by hand, the charges of a day."""
