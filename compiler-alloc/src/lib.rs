//! Compiler-internal arenas and general heap profiles on one span backend.
#![cfg_attr(not(feature = "std"), no_std)]
