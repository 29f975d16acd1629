mod codes;
mod first_admin;
mod limits;
mod passwords;
mod renewal;
mod sessions;
mod sign_in;
mod sign_up;

use super::*;
use crate::test_world::*;

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}
