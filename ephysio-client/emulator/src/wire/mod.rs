//! HTTP: one file per call, and what calls share.

mod access;
mod answer;
mod create;
mod event;
mod invoice;
mod list;
mod login;
mod query;
mod read;
mod update;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post, put};

use crate::UpdatePatient;
use crate::emulator::Inner;

/// All routes, below the path that the API has at the vendor's.
pub(crate) fn router(inner: Arc<Inner>) -> Router {
    let api = Router::new()
        .route("/token", post(login::login))
        .route("/patients", get(list::list))
        .route("/patients/request", post(create::create));
    let api = match inner.config.quirks.update_patient {
        UpdatePatient::NotFound404 => api.route("/patients", post(answer::no_such_path)),
        UpdatePatient::MethodNotAllowed405 => api.route("/patients/{id}", any(answer::no_such_method)),
        UpdatePatient::Put => api.route("/patients/{id}", put(update::at_path)),
        UpdatePatient::PostToPath => api.route("/patients/{id}", post(update::at_path)),
        UpdatePatient::PostWithId => api.route("/patients", post(update::by_body)),
    };
    let api = api.merge(event::routes(&inner.config.quirks.events)).merge(invoice::routes());
    let api = api.method_not_allowed_fallback(answer::no_such_method).with_state(inner);
    Router::new().nest("/api/1.0", api).fallback(answer::no_such_path)
}
