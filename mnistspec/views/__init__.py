"""What people look at: tables for the terminal and pictures for the run folder, made from plain data."""
