//! The example that other teams copy runs and says what it should.

#[path = "../examples/embed.rs"]
#[expect(dead_code, reason = "its `main` only prints what `run` says")]
mod embed;

#[tokio::test]
async fn the_example_tells_its_story() {
    assert_eq!(
        embed::run().await.unwrap(),
        [
            "Anna entered the managers Mia and Max, and a customer for each",
            "Mia looks after: Aziza",
            "Anna sees: Bobur, Aziza",
            "Mia asks for Bobur: no such record",
            "Mia enters an admin: this role may not set role",
        ]
    );
}
