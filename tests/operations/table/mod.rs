//! Every operation of the table: its row against the documented facts, every rule of its
//! input, and its life against the sandbox.

mod document;
mod facts;
mod life;
mod periods;
mod rules;
mod sample;
mod shop;
