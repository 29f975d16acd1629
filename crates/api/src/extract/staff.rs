//! The fields of a new staff member, for sign-up and for creation by an admin.

use domain::{DisplayName, Email, Phone, Staff, TrunkNumber, VerificationMethod};

use crate::extract::fields::Fields;

/// The display name, profile and password of a new staff member, and the fields that not every endpoint has.
pub(crate) struct StaffFields<P, R> {
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) staff: Staff,
    pub(crate) password: P,
    pub(crate) rest: R,
}

impl<P, R> StaffFields<P, R> {
    /// Takes the fields out. `password` reads the password, which must not be made of the e-mail; `rest` reads what the
    /// endpoint has beside these, before the fields are held against each other.
    pub(crate) fn read(
        fields: &mut Fields,
        password: impl FnOnce(&mut Fields, Option<&Email>) -> Option<P>,
        rest: impl FnOnce(&mut Fields) -> Option<R>,
    ) -> Option<Self> {
        let email: Option<Email> = fields.required("email", "");
        let password = password(fields, email.as_ref());
        let display_name: Option<Option<DisplayName>> = fields.optional("display_name", "");
        let about = "International form. Needed for the verification methods `phone` and `whatsapp`.";
        let phone: Option<Option<Phone>> = fields.optional("phone", about);
        let tin_trunk_number: Option<Option<TrunkNumber>> =
            fields.optional("tin_trunk_number", "The company's own reference.");
        let about = "The channel over which codes are sent; `email` by default.";
        let verification_method: Option<Option<VerificationMethod>> = fields.optional("verification_method", about);
        let rest = rest(fields);
        fields.check_contact(verification_method.flatten(), phone.as_ref());
        let staff = Staff {
            email: email?,
            phone: phone?,
            tin_trunk_number: tin_trunk_number?,
            verification_method: verification_method?.unwrap_or(VerificationMethod::Email),
        };
        Some(Self { display_name: display_name?, staff, password: password?, rest: rest? })
    }
}
