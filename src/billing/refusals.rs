//! Refusals in words: what a code of Stripe's says, for those that are met in earnest. What Stripe writes besides is not kept.

/// What a code says, where it is one of those.
pub fn words(code: &str) -> Option<&'static str> {
    Some(match code {
        "resource_missing" => "Stripe has no such customer, tax rate or payment method, or not any more",
        "customer_tax_location_invalid" => "nobody knows where the customer is, and automatic tax needs that",
        "email_invalid" => "the customer's e-mail address is none",
        "card_declined" => "the customer's bank did not pay",
        "insufficient_funds" => "there is too little on the customer's account",
        "expired_card" => "the customer's card has expired",
        "authentication_required" | "invoice_payment_intent_requires_action" => {
            "the customer's bank wants him to confirm the payment himself"
        }
        "payment_method_not_available" | "invoice_payment_intent_requires_payment_method" => {
            "the customer has no payment method that can be charged"
        }
        "amount_too_small" => "it is less than Stripe takes at once",
        "amount_too_large" => "it is more than can be charged at once",
        "invoice_no_customer_line_items" => "there is nothing on the invoice any more",
        "invoice_not_editable" => "somebody finalised the invoice before",
        "rate_limit" | "lock_timeout" | "idempotency_key_in_use" => "Stripe was busy",
        "api_error" => "something went wrong at Stripe",
        "invalid_request_error" => {
            "Stripe gives no code; most often the customer has no e-mail address, or no payment method"
        }
        _ => return None,
    })
}
