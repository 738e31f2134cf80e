"""What is counted of exchanges and orphans, and the reports made of it."""
