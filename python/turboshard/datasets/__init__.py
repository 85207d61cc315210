"""The published data sets this library knows: their layout, fields and metadata, one module each."""
