//! The class: a running Rialto, and the one runtime that waits for its receipts.
//!
//! Whoever waits has let the interpreter go, so that every other thread of Python's goes on; an interrupt is heard all the
//! while. Every way in looks first whether this is still the process that opened the folder.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};
use tokio::runtime::{Builder, Handle, Runtime};

use sidecar::actors::vitals::Cause;
use sidecar::domain::ids::Feed;
use sidecar::domain::money::Currency;
use sidecar::http::ingest::{self, Table};
use sidecar::http::reply::{Answer, Refused};
use sidecar::http::wire::Board;
use sidecar::reading::{Reader, Refusal};
use sidecar::wiring::{Rialto as Sidecar, Settings};

use crate::event;
use crate::refusals::{self, Closed, RialtoError};

/// How often whoever waits looks whether somebody pressed Ctrl-C.
const HEARING: Duration = Duration::from_millis(200);

/// A running Rialto: the book in a data folder, which this process alone has open.
///
///     book = rialto.Rialto("/var/lib/rialto", time_zone="Europe/Rome")
///
/// `time_zone` says whose days, weeks and months are counted; `naive_time_zone` where a time is read that names no
/// offset. Raises FolderInUse where somebody else has the folder open.
///
/// It may be used from any number of threads at once. Close it, or use it in a `with` block, when the host ends; what
/// had its receipt is on the disk also where nobody does. Amounts are texts with all their digits, never floats.
#[pyclass(frozen, module = "rialto")]
pub struct Rialto(Arc<Open>);

struct Open {
    sidecar: RwLock<Option<Sidecar>>,
    waits: Handle,
    runtime: Option<Runtime>,
    reader: Reader,
    path: PathBuf,
    opened_by: u32,
}

/// Those that are open, for when the host ends.
static OPEN: Mutex<Vec<Weak<Open>>> = Mutex::new(Vec::new());

#[pymethods]
impl Rialto {
    #[new]
    #[pyo3(signature = (data, *, time_zone = "Europe/Rome", naive_time_zone = "UTC"))]
    fn open(py: Python<'_>, data: PathBuf, time_zone: &str, naive_time_zone: &str) -> PyResult<Rialto> {
        let mut settings = Settings::new(&data);
        settings.time_zone = zone("time_zone", time_zone)?;
        let naive_zone = zone("naive_time_zone", naive_time_zone)?;
        py.detach(|| {
            sound(|| {
                let mut builder = Builder::new_multi_thread();
                let runtime = builder.worker_threads(1).thread_name("rialto-waits").enable_time().build();
                let runtime = runtime.map_err(|error| RialtoError::new_err(error.to_string()))?;
                let sidecar = Sidecar::start(settings).map_err(|error| refusals::start(&data, &error))?;
                let open = Arc::new(Open {
                    sidecar: RwLock::new(Some(sidecar)),
                    waits: runtime.handle().clone(),
                    runtime: Some(runtime),
                    reader: Reader::new(naive_zone),
                    path: data,
                    opened_by: std::process::id(),
                });
                let mut all = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|one| 0 < one.strong_count());
                all.push(Arc::downgrade(&open));
                Ok(Rialto(open))
            })
        })
    }

    /// Records one event, waits until it is durable, and returns its receipt.
    ///
    /// An event is the engine's own record or the flat form, as a dict; or JSON, as a text. The receipt is a dict of
    /// index, id, status, amount, currency, stage, transaction_id and what else there is to say; where the event is bad,
    /// its status is "rejected" and its `error` says why. The same event again is a "duplicate", and charged once.
    #[pyo3(signature = (event, feed = "activity"))]
    fn record<'py>(&self, py: Python<'py>, event: &Bound<'py, PyAny>, feed: &str) -> PyResult<Bound<'py, PyAny>> {
        let texts = vec![event::text(event)?];
        self.hand_in(py, texts, feed)?.get_item(0)
    }

    /// Records a batch of at most 10,000 events, waits until all of it is durable, and returns a receipt for each, in order.
    ///
    /// A bad event is rejected alone. Where this raises, none or all of the batch may have been recorded; handing it in
    /// again is safe.
    #[pyo3(signature = (events, feed = "activity"))]
    fn record_batch<'py>(
        &self,
        py: Python<'py>,
        events: &Bound<'py, PyAny>,
        feed: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.hand_in(py, texts("record_batch", "events", events)?, feed)
    }

    /// Hands one event over and goes on without waiting; it is recorded also if nobody asks.
    ///
    /// Raises Full or Closed where it was not taken in. A bad event is told to the logger "rialto", and to nobody else: who
    /// wants its receipt uses `record`.
    #[pyo3(signature = (event, feed = "activity"))]
    fn submit(&self, py: Python<'_>, event: &Bound<'_, PyAny>, feed: &str) -> PyResult<()> {
        let (sidecar, feed) = (self.0.sidecar()?, feed_of(feed)?);
        let text = event::text(event)?;
        let reader = self.0.reader;
        let refused: Option<Refusal> = py.detach(|| {
            sound(|| {
                let read = text.and_then(|text| match feed {
                    Feed::Activity => reader.activity(&text),
                    Feed::Message => reader.message(&text),
                });
                match read {
                    Ok(activity) => {
                        sidecar.submit(activity).map(drop).map_err(|closed| refusals::not_taken(&closed))?;
                        Ok(None)
                    }
                    Err(refusal) => {
                        sidecar.meters().rejected(feed, 1);
                        Ok(Some(refusal))
                    }
                }
            })
        })?;
        match refused {
            Some(refusal) => warn(py, &refusal),
            None => Ok(()),
        }
    }

    /// Says who is who: rows of `table`, which is "citizens" or "buildings", as the engine has them.
    ///
    /// Returns a result for each, in order: "recorded" where it was news, "duplicate" where it was known, or "rejected".
    /// Say it before the events that are about them: what was recorded stays as it was.
    #[pyo3(signature = (rows, table = "citizens"))]
    fn describe<'py>(&self, py: Python<'py>, rows: &Bound<'py, PyAny>, table: &str) -> PyResult<Bound<'py, PyAny>> {
        let table = match table {
            "citizens" => Table::Citizens,
            "buildings" => Table::Buildings,
            _ => return Err(PyValueError::new_err(format!("a table is \"citizens\" or \"buildings\", not {table:?}"))),
        };
        let texts = texts("describe", "rows", rows)?;
        let (sidecar, reader) = (self.0.sidecar()?, self.0.reader);
        let answer = self.0.wait(py, ingest::describe(&sidecar, reader, table, borrowed(&texts)))?;
        results(py, answer)
    }

    /// What was earned, as of now: a dict with the keys of `GET /api/revenue/dashboard`, its amounts texts.
    #[pyo3(signature = (currency = "EUR"))]
    fn dashboard<'py>(&self, py: Python<'py>, currency: &str) -> PyResult<Bound<'py, PyAny>> {
        let asked = Currency::parse(currency).ok_or_else(|| {
            PyValueError::new_err(format!("a currency is three letters, such as EUR, not {currency:?}"))
        })?;
        let sidecar = self.0.sidecar()?;
        let board = self.0.wait(py, async {
            sidecar.look_ahead().await;
            serde_json::to_vec(&Board::new(&sidecar.dashboard(asked), sidecar.calendar().zone()))
        })?;
        parsed(py, &board.map_err(|error| RialtoError::new_err(error.to_string()))?)
    }

    /// Makes everything durable that was handed over, and lets the folder go. Closing twice is closing once.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.close())
    }

    /// The data folder.
    #[getter]
    fn data(&self) -> PathBuf {
        self.0.path.clone()
    }

    /// Whether it was closed, here or because everything stopped.
    #[getter]
    fn closed(&self) -> bool {
        self.0.sidecar().and_then(|sidecar| sidecar.check().map_err(|closed| refusals::not_taken(&closed))).is_err()
    }

    fn __enter__(this: Py<Rialto>) -> Py<Rialto> {
        this
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: Option<Bound<'_, PyType>>,
        _value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<rialto.Rialto of {}>", self.0.path.display())
    }
}

impl Rialto {
    fn hand_in<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<Result<String, Refusal>>,
        feed: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (sidecar, feed) = (self.0.sidecar()?, feed_of(feed)?);
        let answer = self.0.wait(py, ingest::record(&sidecar, self.0.reader, feed, borrowed(&texts)))?;
        results(py, answer)
    }
}

impl Drop for Rialto {
    /// Whoever only lets it go gets what closing does, and nobody to tell how that went.
    fn drop(&mut self) {
        let close = || drop(self.0.close());
        // Where the interpreter is about to end there is nobody to let go.
        if Python::try_attach(|py| py.detach(close)).is_none() {
            close();
        }
    }
}

impl Open {
    /// The sidecar, where this is the process that opened it and it was not closed.
    fn sidecar(&self) -> PyResult<Sidecar> {
        // Before the lock: a thread that did not come along may have held it.
        self.is_ours()?;
        let sidecar = self.sidecar.read().unwrap_or_else(PoisonError::into_inner);
        sidecar.clone().ok_or_else(|| refusals::closed(&self.path))
    }

    fn is_ours(&self) -> PyResult<()> {
        match self.opened_by {
            process if process == std::process::id() => Ok(()),
            process => Err(refusals::forked(&self.path, process)),
        }
    }

    /// Waits with the interpreter let go, and hears an interrupt.
    fn wait<T: Send>(&self, py: Python<'_>, answer: impl Future<Output = T> + Send) -> PyResult<T> {
        let heard = async {
            let mut answer = std::pin::pin!(answer);
            loop {
                match tokio::time::timeout(HEARING, &mut answer).await {
                    Ok(answer) => return Ok(answer),
                    Err(_) => Python::attach(|py| py.check_signals())?,
                }
            }
        };
        py.detach(|| sound(|| self.waits.block_on(heard)))
    }

    fn close(&self) -> PyResult<()> {
        self.is_ours()?;
        sound(|| {
            let sidecar = self.sidecar.write().unwrap_or_else(PoisonError::into_inner).take();
            let Some(sidecar) = sidecar else { return Ok(()) };
            let stopped: Result<(), Cause> = self.waits.block_on(sidecar.stop());
            stopped.map_err(|cause| Closed::new_err(format!("it had stopped before it was closed: {cause}")))
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let (runtime, sidecar) =
            (self.runtime.take(), self.sidecar.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        if self.opened_by != std::process::id() {
            // Its threads are the parent's, and so is the lock on its folder: nothing may be ended or let go here.
            std::mem::forget((runtime, sidecar));
        } else if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

/// Closes all that are open: Python calls it when it ends.
#[pyfunction]
pub fn close_all(py: Python<'_>) {
    py.detach(|| {
        // In a process that was forked, a thread that did not come along may hold it.
        let Ok(mut all) = OPEN.try_lock() else { return };
        for open in std::mem::take(&mut *all).iter().filter_map(Weak::upgrade) {
            let _ = open.close();
        }
    });
}

/// Runs what may have a fault of its own; a panic becomes an exception that `except Exception` catches.
fn sound<T>(run: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(RialtoError::new_err(format!("a fault of rialto's own: {}", said.unwrap_or("it did not say which"))))
    })
}

fn zone<Z: std::str::FromStr>(name: &str, text: &str) -> PyResult<Z> {
    text.parse()
        .map_err(|_| PyValueError::new_err(format!("{name} is an IANA name, such as \"Europe/Rome\", not {text:?}")))
}

fn feed_of(name: &str) -> PyResult<Feed> {
    let feed = Feed::ALL.into_iter().find(|feed| feed.as_str() == name);
    feed.ok_or_else(|| PyValueError::new_err(format!("a feed is \"activity\" or \"message\", not {name:?}")))
}

/// The texts of many events or rows.
fn texts(call: &str, what: &str, given: &Bound<'_, PyAny>) -> PyResult<Vec<Result<String, Refusal>>> {
    if given.cast::<PyDict>().is_ok() || given.cast::<PyString>().is_ok() || given.cast::<PyBytes>().is_ok() {
        return Err(PyTypeError::new_err(format!("{call} takes a list of {what}; one alone is a list of one")));
    }
    given.try_iter()?.map(|event| event::text(&event?)).collect()
}

fn borrowed(texts: &[Result<String, Refusal>]) -> ingest::Texts<'_> {
    texts.iter().map(|text| text.as_deref().map_err(Refusal::clone)).collect()
}

/// The results in an answer.
fn results<'py>(py: Python<'py>, answer: Result<Answer, Refused>) -> PyResult<Bound<'py, PyAny>> {
    let answer = answer.map_err(|refused| refusals::batch(&refused))?;
    parsed(py, answer.body())?.get_item("results")
}

fn parsed<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (PyBytes::new(py, json),))
}

/// Tells the logger of a bad event that nobody waits for; its words never repeat what is in it.
fn warn(py: Python<'_>, refusal: &Refusal) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("rialto",))?;
    let said = ("an event was refused: %s: %s (id %s)", refusal.code.as_str(), &refusal.message, refusal.id.as_deref());
    logger.call_method1("warning", said).map(drop)
}
