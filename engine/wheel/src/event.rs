//! An event of Python's as the text that the sidecar reads.
//!
//! A text is taken as it is. Of a dict, keys that begin with `_` are dropped, because the engine keeps what it parsed under
//! them; a `Decimal` keeps its digits; what JSON has no word for is what `str` makes of it. What cannot be written is refused
//! alone, and raises nothing.

use std::borrow::Cow;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use sidecar::reading::{Refusal, RefusalCode};

/// Deeper than the engine nests anything, and than the sidecar reads.
const DEPTH_MAX: usize = 128;
/// More than an event may have; a dict that holds itself many times over ends here.
const BYTES_MAX: usize = 8 << 20;

/// The text of an event, or why it has none. Only what is no `Exception`, such as an interrupt, is raised.
pub fn text(event: &Bound<'_, PyAny>) -> PyResult<Result<String, Refusal>> {
    match written(event) {
        Ok(text) => Ok(Ok(text)),
        Err(Fault::Refused(refusal)) => Ok(Err(refusal)),
        Err(Fault::Raised(error)) if error.is_instance_of::<PyException>(event.py()) => {
            let kind =
                error.get_type(event.py()).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
            Ok(Err(refusal(
                RefusalCode::NotJson,
                format!("an event is a dict that can be written as JSON; writing this one raised {kind}"),
            )))
        }
        Err(Fault::Raised(error)) => Err(error),
    }
}

enum Fault {
    Refused(Refusal),
    Raised(PyErr),
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Fault {
        Fault::Raised(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Fault {
        Fault::Refused(refusal(RefusalCode::NotJson, error.to_string()))
    }
}

fn refusal(code: RefusalCode, message: impl Into<String>) -> Refusal {
    Refusal { code, id: None, message: message.into() }
}

fn written(event: &Bound<'_, PyAny>) -> Result<String, Fault> {
    if let Ok(text) = event.cast::<PyString>() {
        return whole(text).map(Cow::into_owned);
    }
    if let Ok(bytes) = event.cast::<PyBytes>() {
        return match str::from_utf8(bytes.as_bytes()) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                let at = error.valid_up_to();
                Err(Fault::Refused(refusal(
                    RefusalCode::NotJson,
                    format!("an event is UTF-8; byte {at} of this one is not"),
                )))
            }
        };
    }
    let mut out = Vec::with_capacity(512);
    write(event, &mut out, 0)?;
    // Nothing but text was written.
    Ok(String::from_utf8(out).unwrap_or_default())
}

fn write(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> Result<(), Fault> {
    if DEPTH_MAX < depth {
        return Err(Fault::Refused(refusal(RefusalCode::TooDeep, format!("an event nests at most {DEPTH_MAX} deep"))));
    }
    if BYTES_MAX < out.len() {
        return Err(Fault::Refused(refusal(RefusalCode::TooLarge, format!("an event has at most {BYTES_MAX} bytes"))));
    }
    if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(text) = value.cast::<PyString>() {
        quote(text, out)?;
    } else if let Ok(truth) = value.cast::<PyBool>() {
        out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
    } else if let Ok(dict) = value.cast::<PyDict>() {
        object(dict, out, depth)?;
    } else if let Ok(list) = value.cast::<PyList>() {
        array(list.iter(), out, depth)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        array(tuple.iter(), out, depth)?;
    } else if value.cast::<PyInt>().is_ok() {
        // An enumeration of figures calls itself something else.
        let digits = value.py().get_type::<PyInt>().call_method1("__repr__", (value,))?;
        out.extend_from_slice(whole(digits.cast::<PyString>().map_err(PyErr::from)?)?.as_bytes());
    } else if let Ok(figure) = value.cast::<PyFloat>() {
        let figure = figure.value();
        if figure.is_finite() {
            serde_json::to_writer(&mut *out, &figure)?;
        } else {
            // JSON has no word for it: where it means something, its reader refuses the text.
            quote(&value.str()?, out)?;
        }
    } else {
        // A figure is read from its digits in a text too, so that a `Decimal` needs no more.
        quote(&value.str()?, out)?;
    }
    Ok(())
}

fn object(dict: &Bound<'_, PyDict>, out: &mut Vec<u8>, depth: usize) -> Result<(), Fault> {
    out.push(b'{');
    let mut is_first = true;
    // A copy: what a value's own `__str__` does to its dict is none of our business.
    for (key, value) in dict.copy()?.iter() {
        let key = key.str()?;
        if whole(&key)?.starts_with('_') {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        quote(&key, out)?;
        out.push(b':');
        write(&value, out, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

fn array<'py>(values: impl Iterator<Item = Bound<'py, PyAny>>, out: &mut Vec<u8>, depth: usize) -> Result<(), Fault> {
    out.push(b'[');
    for (place, value) in values.enumerate() {
        if 0 < place {
            out.push(b',');
        }
        write(&value, out, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn quote(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> Result<(), Fault> {
    serde_json::to_writer(out, &*whole(text)?)?;
    Ok(())
}

/// The text, unless it holds half a character: then it is no text that anybody could keep.
fn whole<'a>(text: &'a Bound<'_, PyString>) -> Result<Cow<'a, str>, Fault> {
    text.to_cow().map_err(|_| {
        Fault::Refused(refusal(
            RefusalCode::NotJson,
            "a text is whole characters; this event holds half of a surrogate pair",
        ))
    })
}
