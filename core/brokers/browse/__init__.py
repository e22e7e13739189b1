"""Lists of objects from brokers: what a broker is asked for when nobody has an id yet."""
