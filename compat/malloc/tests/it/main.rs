//! Whole programs under the library: what they print must be what they print without it.

mod c_programs;
mod environment;
mod library;
mod outside_tool;
mod programs_of_others;
mod start_up;
mod test_fixture;
mod under;
