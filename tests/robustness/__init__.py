"""Nothing lost and nothing let in: kill, resume, corrupt, hostile."""
