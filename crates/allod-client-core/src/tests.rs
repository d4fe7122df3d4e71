//! Whole conversations, each test a sentence.

mod basics;
