"""What make runs around the product: set-up, generated references, checks of the house."""
