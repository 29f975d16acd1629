//! `GET /users/{id}/data`

use actix_web::{HttpRequest, HttpResponse};
use domain::{Accounts, UserId};

use super::personal_data::{PersonalDataParts, PersonalDataResponse};
use crate::extract::{Authenticated, PathId};
use crate::problem::Result;
use crate::services::Service;
use crate::streaming;

/// Everything that is stored about a person, for themselves and for admins. When the answer breaks off, the connection is
/// closed before its end.
#[utoipa::path(get, path = "/users/{id}/data",
    responses(
        (status = 200, description = "Everything that is stored.", body = PersonalDataResponse),
        (status = 404, description = "`not_found`: nobody, or another person when the caller is no admin.")))]
pub(crate) async fn read_personal_data(
    caller: Authenticated,
    accounts: Service<Accounts>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result {
    let (data, events) = accounts.find_personal_data(&caller.actor, id.without_query(&request)?).await?;
    let parts = streaming::begin(PersonalDataParts::new(data, events)?).await?;
    Ok(HttpResponse::Ok().content_type("application/json").streaming(parts))
}
