"""Stand-ins for business systems over real HTTP, with one data set: the demo and the tests run on them."""
