"""The compression page, section by section."""
