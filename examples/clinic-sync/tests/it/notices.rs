//! GHL's webhooks about appointments: lost, doubled, late and out of order.

use std::time::Duration;

use ghl_emulator::WebhookSettings;

use crate::bookings::able;
use crate::calendar::{Practice, slot};
use crate::live::{Live, serving, until};

/// So many appointments are booked in GHL.
const BOOKED: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn notices_that_are_lost_doubled_and_out_of_order_book_nothing_twice_and_lose_nothing() {
    let mut practice: Practice = able(4).await;
    serving(&mut practice.house);
    practice.open_invoices();
    let house = &practice.house;
    let (live, deliveries, _sending) = Live::hearing(house).await;
    let storm = WebhookSettings { duplicated: 40, lost: 20, jitter: Duration::from_millis(50), ..WebhookSettings::default() };
    deliveries.configure(storm);
    let desk = house.clinic.ghl.front_desk();
    for number in 0..BOOKED {
        let booked = practice.in_ghl(practice.person(number % 4).1, slot(2 * number as i64));
        assert!(desk.move_appointment(&booked, slot(2 * number as i64 + 1)));
        if number % 3 == 0 {
            assert!(desk.move_appointment(&booked, slot(40 + number as i64)));
        }
    }
    until(async || deliveries.waiting() == 0).await;
    live.idle().await;
    assert!(!practice.events().is_empty(), "the notices that came were enough for some");
    live.end().await;
    for _ in 0..2 {
        house.sync().await;
    }
    practice.assert_mirrored(BOOKED).await;
    house.assert_quiet().await;
}
