"""The test suite; a package so that its modules find each other by one name."""
