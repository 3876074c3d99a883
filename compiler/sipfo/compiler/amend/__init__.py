"""Changes made while calls go on, and a policy's texts, to the same texts with the changes in them."""
