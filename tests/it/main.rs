//! The whole, tried from outside: one binary, so that linking is paid for once.

mod embed;
mod support;

mod city;
mod crashes;
mod described;
mod dice;
mod doors;
mod floors;
mod forms;
mod importing;
mod serving;
mod sidecar;
