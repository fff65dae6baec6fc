//! What people really type, paste, scan and save: it is accepted, or refused with the true reason, in words that a
//! shop's technician understands and without repeating a secret.

mod answers;
mod certificates;
mod configuration;
mod hub;
mod keys;
mod numbers;
mod requests;
mod shop;
mod vectors;
