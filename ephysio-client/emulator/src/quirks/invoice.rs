//! The unknowns about invoices.

/// How the invoices of a patient are answered. An array and a single object are both possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InvoiceShape {
    /// Always an array.
    #[default]
    Array,
    /// One invoice as an object, several as an array, none as no body at all.
    ObjectIfOne,
}

/// Under which name a create answers the id of the invoice. Both are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InvoiceAnswer {
    /// `id`
    #[default]
    Id,
    /// `invoice`
    Invoice,
}

/// One switch per unknown about invoices.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvoiceQuirks {
    /// How the invoices of a patient are answered.
    pub shape: InvoiceShape,
    /// Whether `open=true` filters. It is said that invoices which are not open come along.
    pub open_filters: bool,
    /// Under which name a create answers the id.
    pub answer: InvoiceAnswer,
}
