//! What every store must do, as one suite of tests. Run by each store with a factory of its own.
