//! A small server in memory.
