"""One file for each step, in the order of their numbers. They import nothing of penstock, and never change."""
