"""The paper: one HTML file that is written from the results, and changes with them."""
