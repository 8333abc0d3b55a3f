"""What the language says about itself: its words, its JSON Schema, its errors explained."""
