//! The answers that an unknown of the real system may have. Each enum is one unknown.

mod event;
mod invoice;

pub use event::{CancelEvent, Cancelled, ClockFields, EventAnswer, EventQuirks, EventWindow, InvoiceCheck, UpdateEvent};
pub use invoice::{InvoiceAnswer, InvoiceQuirks, InvoiceShape};

/// How the login tells when its token expires. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Expiry {
    /// `exp` in seconds, as in a JWT.
    #[default]
    Seconds,
    /// `exp` in milliseconds, as all other instants of this API.
    Milliseconds,
    /// No `exp`; the token expires all the same.
    Absent,
}

/// The JSON type of the ids in answers. Both forms are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ids {
    /// `123456`
    #[default]
    Numbers,
    /// `"123456"`
    Strings,
}

/// What `POST /patients/request` does. Not publicly documented; its path hints at a request that
/// staff must approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Create {
    /// Creates the patient, lists it at once and answers its id.
    #[default]
    Immediate,
    /// Stores a request and answers the *request's* id; the patient is listed, under another id,
    /// once [`Practice::approve`](crate::Practice::approve) was called.
    PendingApproval,
    /// Creates the patient at once, and answers the `id` that was sent (the patient's own id if
    /// none was).
    EchoesClientId,
}

/// What a create does whose `id` was sent before. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Repost {
    /// It creates a second patient.
    #[default]
    CreatesSecond,
    /// It creates nothing and answers with the one that exists.
    AnswersExisting,
}

/// What a missing or wrong `X-CRYPTO-KEY` leads to. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CryptoKeyCheck {
    /// 401.
    #[default]
    Unauthorized,
    /// 403.
    Forbidden,
    /// Success, but texts are noise: what is read was deciphered with the wrong key, and what is
    /// written is stored so that the right key cannot read it. There is no way back.
    Scrambled,
}

/// Which call changes a patient. None is publicly documented; these are the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UpdatePatient {
    /// None: each candidate answers 404.
    #[default]
    NotFound404,
    /// None: each candidate answers 405.
    MethodNotAllowed405,
    /// `PUT /patients/{id}`
    Put,
    /// `POST /patients/{id}`
    PostToPath,
    /// `POST /patients` with the `id` in the body.
    PostWithId,
}

/// What a successful update answers. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UpdateAnswer {
    /// 200 and `{"id": …}`.
    #[default]
    Id,
    /// 200 and the patient as the list shows it.
    Patient,
    /// 204 and no body.
    Empty,
}

/// How the list shows a text, or a birth date, that the practice left blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Blank {
    /// As an empty string.
    #[default]
    EmptyString,
    /// Not at all.
    Absent,
    /// As `null`.
    Null,
}

/// What `GET /patients` shows when it carries no `status`. Not publicly documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WithoutStatus {
    /// All patients.
    #[default]
    All,
    /// Active patients only.
    ActiveOnly,
}
