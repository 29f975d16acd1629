use super::*;

fn queue(average: Duration) -> Arc<Queue> {
    Arc::new(Queue::new(NonZeroUsize::MIN, average))
}

fn address(n: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, n])
}

fn enter(queue: &Arc<Queue>, address: Option<IpAddr>) -> Result<HashPermit, AuthError> {
    queue.enter(address, Instant::now() + PATIENCE)
}

/// Enters until turned away.
fn fill(queue: &Arc<Queue>, address: Option<IpAddr>) -> Vec<HashPermit> {
    std::iter::from_fn(|| enter(queue, address).ok()).collect()
}

/// Takes the only thread.
async fn hold(queue: &Arc<Queue>) -> Slot {
    enter(queue, None).unwrap().slot().await.unwrap()
}

#[test]
fn the_queue_is_as_long_as_can_be_served_in_time() {
    for (average, length) in [(50, 30), (250, 6), (500, 4), (5000, 4)] {
        let queue = queue(Duration::from_millis(average));
        let permits = fill(&queue, None);
        assert_eq!(permits.len(), length, "{average} ms");
        assert_eq!(queue.stats(), HasherStats { waiting: length as u64, rejected: 1, computed: 0 });
        assert!(matches!(enter(&queue, None), Err(AuthError::Overloaded { retry_after: RETRY_AFTER })));
        drop(permits);
        assert_eq!((queue.stats().waiting, fill(&queue, None).len()), (0, length), "and free again");
    }
}

#[test]
fn slower_work_makes_it_shorter_and_faster_work_longer() {
    let queue = queue(Duration::from_millis(250));
    for (time, length) in [(500, 4), (50, 29)] {
        (0..50).for_each(|_| queue.took(Duration::from_millis(time)));
        let now = queue.length();
        assert!((length..=length + 1).contains(&now), "{now}");
    }
}

#[tokio::test(start_paused = true)]
async fn patience_begins_with_the_arrival() {
    let queue = queue(Duration::from_millis(250));
    let held = hold(&queue).await;
    let began = Instant::now();
    let mut permit = enter(&queue, None).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(permit.run(async {}).await, Err(AuthError::Overloaded { .. })));
    assert_eq!(began.elapsed(), PATIENCE);
    assert_eq!(queue.stats(), HasherStats { waiting: 0, rejected: 1, computed: 0 });
    drop(held);
    permit.run(async {}).await.unwrap();
    assert_eq!(queue.stats().computed, 1, "a free thread is had by one who comes late");
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_the_thread_taken_until_it_is_done() {
    let queue = queue(Duration::from_millis(250));
    let (end, ended) = oneshot::channel::<()>();
    let mut permit = enter(&queue, None).unwrap();
    let task = tokio::spawn(async move { permit.run(ended).await });
    while queue.stats().computed == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(busy(&queue), (0, 0));
    drop(end);
    enter(&queue, None).unwrap().run(async {}).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_network_that_fills_the_queue_keeps_no_other_out() {
    let queue = queue(Duration::from_millis(250));
    let held = hold(&queue).await;
    let (order, mut served) = tokio::sync::mpsc::unbounded_channel();
    let start = |mut permit: HashPermit, n: u8| {
        let order = order.clone();
        tokio::spawn(async move { permit.run(async move { order.send(n).unwrap() }).await })
    };
    let flood: Vec<_> = fill(&queue, Some(address(1))).into_iter().map(|permit| start(permit, 1)).collect();
    assert_eq!(flood.len(), 6);
    tokio::task::yield_now().await;
    let owner = start(enter(&queue, Some(address(2))).unwrap(), 2);
    tokio::task::yield_now().await;
    assert_eq!(queue.stats().waiting, 6, "the queue is no longer for it");
    drop(held);
    let turns = [served.recv().await.unwrap(), served.recv().await.unwrap()];
    assert!(turns.contains(&2), "{turns:?}: the owner is served in turn, not last");
    owner.await.unwrap().unwrap();
    let flood = futures(flood).await;
    assert_eq!(flood.iter().filter(|done| done.is_err()).count(), 1, "the last of the flood gave way");
    assert!(flood.last().unwrap().is_err());
}

/// Threads that are free, and how many wait.
fn busy(queue: &Queue) -> (u64, u64) {
    let state = queue.state();
    (state.free_slots, state.lanes.len())
}

/// What became of all of them.
async fn futures(tasks: Vec<tokio::task::JoinHandle<Result<(), AuthError>>>) -> Vec<Result<(), AuthError>> {
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

#[tokio::test]
async fn who_gave_way_before_asking_for_a_thread_is_turned_away() {
    let queue = queue(Duration::from_millis(250));
    let held = hold(&queue).await;
    let mut flood = fill(&queue, Some(address(1)));
    let _owner = enter(&queue, Some(address(2))).unwrap();
    let mut last = flood.pop().unwrap();
    assert!(matches!(last.run(async {}).await, Err(AuthError::Overloaded { .. })));
    drop(held);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_network() {
    let queue = queue(Duration::from_millis(250));
    let ipv6 = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
    let permits: Vec<_> = (0..6).map(|n| enter(&queue, ipv6(n)).unwrap()).collect();
    assert!(enter(&queue, ipv6(7)).is_err());
    assert!(enter(&queue, Some(address(1))).is_ok());
    drop(permits);
}

#[tokio::test(start_paused = true)]
async fn a_thread_goes_on_to_the_next_one_who_still_waits() {
    let queue = queue(Duration::from_millis(250));
    let held = hold(&queue).await;
    let mut gone = enter(&queue, Some(address(1))).unwrap();
    let mut waiting = enter(&queue, Some(address(2))).unwrap();
    let gone = tokio::spawn(async move { gone.run(async {}).await });
    let waiting = tokio::spawn(async move { waiting.run(async {}).await });
    tokio::task::yield_now().await;
    gone.abort();
    assert!(gone.await.is_err());
    drop(held);
    waiting.await.unwrap().unwrap();
    assert_eq!(busy(&queue), (1, 0));
}
