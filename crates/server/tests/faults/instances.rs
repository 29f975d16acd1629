//! Several processes on one database.

use persistence::testing::TestDatabase;

use crate::people::{Admin, phone};
use crate::process::Program;

async fn databases() -> Vec<TestDatabase> {
    let servers = [TestDatabase::postgres().await, TestDatabase::mariadb().await];
    servers.into_iter().flatten().chain([TestDatabase::sqlite()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_that_several_start_at_once_run_once() {
    for database in databases().await {
        let program = Program::on(&database);
        let runs: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..4).map(|_| scope.spawn(|| program.run(&["migrate", "up"]))).collect();
            started.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for run in &runs {
            assert_eq!(run.code(), Some(0), "{}", run.stderr());
            assert_eq!(run.stdout(), runs[0].stdout());
        }
        let status = program.run(&["migrate", "status"]).stdout();
        assert!(status.lines().count() > 5 && status.lines().all(|line| line.starts_with("applied")), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_at_once_on_nothing_share_keys_and_people() {
    for database in databases().await {
        let program = Program::on(&database);
        let (mut one, two) = std::thread::scope(|scope| {
            let (one, two) = (scope.spawn(|| program.serve()), scope.spawn(|| program.serve()));
            (one.join().unwrap(), two.join().unwrap())
        });
        let admin = Admin::first(&mut one).await;
        let there = admin.at(&two);
        assert_eq!(there.get("/users/me").await.unwrap().status(), 200, "a token of the other one");
        assert_eq!(there.create(&phone(1)).await.unwrap().status(), 201);
        assert_eq!(admin.phones().await.len(), 1);
        one.kill();
        assert_eq!(there.create(&phone(2)).await.unwrap().status(), 201, "the other one goes on");
    }
}
