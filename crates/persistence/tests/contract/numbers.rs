//! Numbers in `metadata`: what is taken comes back as it was sent, from every database.

use domain::value::check_number;
use domain::{Metadata, Scope};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::backends::{Setting, customer_profile, tests};

tests! {
    every store:
    numbers_come_back_as_they_were_sent;

    every database:
}

/// Numbers at the edges of what is taken, as they are written.
const EDGES: &[&str] = &[
    "0",
    "0.0",
    "1.0",
    "1.50",
    "1E5",
    "1e15",
    "1e16",
    "-1e18",
    "1.844674407370955e19",
    "1e22",
    "-1e19",
    "100000000000000000000000",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "0.1",
    "0.30000000000000004",
    "123456.789",
    "2.5e-7",
    "5e-324",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "-1.7976931348623157e308",
];

fn literals() -> impl Strategy<Value = Vec<String>> {
    let text = |strategy: BoxedStrategy<f64>| strategy.prop_map(|double| format!("{double:e}"));
    let one = prop_oneof![
        select(EDGES).prop_map(str::to_owned),
        any::<i64>().prop_map(|whole| whole.to_string()),
        any::<u64>().prop_map(|whole| whole.to_string()),
        text((proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL).boxed()),
        text((1e15..1e21).boxed()),
        "-?(0|[1-9][0-9]{0,15})\\.[0-9]{1,8}".prop_map(|text| text),
    ];
    proptest::collection::vec(one, 1..30)
}

/// Whether two texts are one decimal number.
fn same(a: &str, b: &str) -> bool {
    // Both are names of one double or one integer, and the domain holds that names of a double are exact.
    let whole = |text: &str| text.parse::<i128>().ok();
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.parse::<f64>().unwrap().to_bits() == b.parse::<f64>().unwrap().to_bits(),
    }
}

async fn numbers_come_back_as_they_were_sent(setting: Setting) {
    let mut runner = TestRunner::deterministic();
    let edges = EDGES.iter().map(|text| (*text).to_owned()).collect();
    let random = (0..40).map(|_| literals().new_tree(&mut runner).unwrap().current());
    for (number, literals) in std::iter::once(edges).chain(random.collect::<Vec<_>>()).enumerate() {
        let literals: Vec<String> = literals.into_iter().filter(|literal| check_number(literal).is_ok()).collect();
        let object = serde_json::from_str(&format!("{{\"a\":[{}]}}", literals.join(","))).unwrap();
        let mut user = domain::testing::customer(&setting.clock, &format!("+9989{number:08}"), None);
        customer_profile(&mut user).metadata = Metadata::parse(object).unwrap();
        setting.enter(&user).await;
        let found = setting.store.find_user(Scope::All, user.id).await.unwrap().unwrap();
        assert_eq!(found, user);
        let told = found.customer().unwrap().metadata.as_object()["a"].as_array().unwrap().clone();
        for (told, sent) in told.iter().zip(&literals) {
            assert!(same(&told.to_string(), sent), "{sent} came back as {told}");
        }
    }
}
