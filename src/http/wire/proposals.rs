//! Paid services for the engine to create, spelled as its activities are.

use serde::Serialize;

use crate::domain::proposals::{MINUTES, Proposal};

/// Services to create.
#[derive(Debug, Serialize)]
pub struct Proposals {
    proposals: Vec<One>,
}

/// One service: the brief's own keys first, then those of the engine's table.
#[derive(Debug, Serialize)]
struct One {
    r#type: &'static str,
    subtype: &'static str,
    duration: u32,
    revenue_potential: String,
    client_type: &'static str,
    deliverable: &'static str,
    citizen_id: &'static str,
    business_id: &'static str,
    client_id: &'static str,
    fields: Fields,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    r#type: &'static str,
    citizen: &'static str,
    from_building: &'static str,
    title: String,
    status: &'static str,
    notes: String,
}

impl Proposals {
    /// These services.
    pub fn new(proposals: &[Proposal]) -> Proposals {
        Proposals { proposals: proposals.iter().map(One::new).collect() }
    }
}

impl One {
    fn new(proposal: &Proposal) -> One {
        let Proposal { citizen, business, subtype, client, expertise, revenue_potential } = proposal;
        let revenue = serde_json::json!({
            "revenue": {
                "client": client.as_str(),
                "minutes": MINUTES,
                "expertise": expertise.to_string(),
                "business": business.as_str(),
                "service_type": subtype,
            }
        });
        One {
            r#type: "paid_service",
            subtype,
            duration: MINUTES,
            revenue_potential: revenue_potential.to_string(),
            client_type: "external",
            deliverable: "consultation_report",
            citizen_id: citizen.as_str(),
            business_id: business.as_str(),
            client_id: client.as_str(),
            fields: Fields {
                r#type: "paid_service",
                citizen: citizen.as_str(),
                from_building: business.as_str(),
                title: format!("A {} for {client}", subtype.replace('_', " ")),
                status: "created",
                // The engine stores notes as text.
                notes: revenue.to_string(),
            },
        }
    }
}
