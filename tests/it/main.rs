//! The whole, tried from outside: one binary, so that linking is paid for once.

mod embed;
mod support;

mod city;
mod crashes;
mod dice;
mod sidecar;
