//! The biller's office: deeds go to the bookkeeper, and calls to Stripe.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::planning::books;
use super::Employer;
use crate::actors::filing::{Billing, File, Filed, Standing};
use crate::actors::queries::{Owed, Owing};
use crate::billing::answers::read;
use crate::billing::asks::Words;
use crate::billing::books::Books;
use crate::billing::call::{Call, Reply};
use crate::billing::draw::lines_of;
use crate::billing::lines::Line;
use crate::billing::walk::{Desk, Stripe, Unsure};
use crate::domain::bills::{Account, BillNo, Deed, Outcome, Refused};
use crate::domain::names::Name;
use crate::domain::tariff::RuleId;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::ledger::bill::Bill;
use crate::ledger::roll::NameNo;
use crate::stripe::gateway::{Gateway, Lost};

/// Why nothing can be filed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The bookkeeper is gone.
    Gone,
    /// A bill is not what its rows make.
    Damaged(String),
}

impl Employer {
    /// How the bills stand.
    pub(super) async fn standing(&self) -> Result<Standing, Stopped> {
        let (reply, standing) = oneshot::channel();
        self.bookkeeper.send(Billing { reply }).await.map_err(|_| Stopped::Gone)?;
        standing.await.map_err(|_| Stopped::Gone)
    }

    /// What is owed, and all that it follows from.
    pub(super) async fn owed(&self) -> Result<Owed, Stopped> {
        let (reply, owed) = oneshot::channel();
        self.bookkeeper.send(Owing { reply }).await.map_err(|_| Stopped::Gone)?;
        owed.await.map_err(|_| Stopped::Gone)
    }

    pub(super) async fn file(&self, deed: Deed) -> Result<Filed, Stopped> {
        let (reply, filed) = oneshot::channel();
        self.bookkeeper.send(File { deed, reply }).await.map_err(|_| Stopped::Gone)?;
        filed.await.map_err(|_| Stopped::Gone)
    }
}

/// What a round is worked from.
pub(super) struct Office<'e> {
    pub(super) employer: &'e Employer,
    pub(super) owed: Owed,
    pub(super) tariffs: Arc<Tariffs>,
}

impl Office<'_> {
    pub(super) fn books(&self) -> Books<'_> {
        books(&self.owed)
    }
}

impl Desk for Office<'_> {
    type Stopped = Stopped;

    async fn file(&self, deed: Deed) -> Result<Result<Arc<Bill>, Refused>, Stopped> {
        let tells = trouble(&deed);
        match self.employer.file(deed).await? {
            Ok(Some(bill)) => {
                let before = self.owed.bills.get(bill.no).and_then(tells);
                if let Some(why) = tells(&bill).filter(|why| before.as_ref() != Some(why)) {
                    tracing::warn!(bill = %bill.no, payer = %bill.drawn.payer.id, why, "a bill does not go on");
                }
                Ok(Ok(bill))
            }
            // Deeds of bills tell how the bill stands.
            Ok(None) => Err(Stopped::Gone),
            Err(refused) => Ok(Err(refused)),
        }
    }

    async fn note(&self, deed: Deed) -> Result<Result<(), Refused>, Stopped> {
        Ok(self.employer.file(deed).await?.map(drop))
    }

    async fn bill(&self, no: BillNo) -> Result<Option<Arc<Bill>>, Stopped> {
        Ok(self.owed.bills.shared(no))
    }

    async fn lines(&self, bill: &Bill) -> Result<Vec<Line>, Stopped> {
        let lines = lines_of(bill, &self.books(), &self.employer.calendar);
        lines.ok_or_else(|| Stopped::Damaged(format!("the lines of {} are others than when it was drawn", bill.no)))
    }

    fn words(&self) -> impl Words {
        self
    }

    fn now(&self) -> Moment {
        self.employer.clock.now()
    }
}

/// What a deed may bring up that keeps its bill from going on: the log has it once, and not at each attempt.
fn trouble(deed: &Deed) -> fn(&Bill) -> Option<String> {
    match deed {
        Deed::Answer(_, _, Outcome::Refused(_)) => |bill| {
            let failed = bill.way.failed.as_ref()?;
            Some(format!("{} failed: {}", failed.step.text(), failed.refusal.code))
        },
        Deed::See(..) => |bill| bill.fault().map(|fault| fault.to_string()),
        Deed::Drop(..) => |bill| bill.way.dropped.as_ref().map(|why| format!("it comes to nothing: {why}")),
        _ => |_| None,
    }
}

impl Words for &Office<'_> {
    fn name(&self, number: NameNo) -> Option<Name> {
        number.some().and_then(|number| self.owed.rows.names.get(number.0 as usize))
    }

    fn rule(&self, rule: RuleId) -> &'static str {
        self.tariffs.rule_name(rule)
    }
}

/// Stripe, or what stands in for it.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) gateway: Gateway,
    pub(super) is_live: bool,
}

impl Wire {
    /// Whose the key is.
    pub(super) async fn account(&self) -> Result<Account, Unsure> {
        #[derive(serde::Deserialize)]
        struct Own {
            id: String,
        }
        let reply = self.read(Call::get("/v1/account", "")).await?;
        if reply.status != 200 {
            return Err(Unsure::of(&reply));
        }
        let own: Own = read(&reply).ok_or_else(|| Unsure::unreadable("the account"))?;
        Ok(Account { id: own.id.into(), is_live: self.is_live })
    }
}

impl Stripe for Wire {
    async fn call(&self, call: &Call) -> Result<Reply, Unsure> {
        let lost = |lost: Lost| {
            // The gateway has logged it.
            let mut why: compact_str::CompactString = crate::chain::Chain(&lost).to_string().into();
            why.truncate(why.floor_char_boundary(200));
            Unsure { why, after: Some(Duration::from_secs(1)), is_shut: false }
        };
        self.gateway.call(call).await.map_err(lost)
    }

    fn is_live(&self) -> bool {
        self.is_live
    }
}
