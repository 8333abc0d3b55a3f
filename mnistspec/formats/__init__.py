"""Pictures of the user's own, whatever the files they come in: found, checked, decoded and kept, without torch."""
