//! The fields of a new staff member, for sign-up and for creation by an admin.

use domain::{DisplayName, Email, Phone, Staff, TrunkNumber, VerificationMethod};

use crate::extract::fields::Fields;

/// What is said of a new staff member beside e-mail and password. The outer `None` is for a wrong field.
pub(crate) struct StaffFields {
    display_name: Option<Option<DisplayName>>,
    phone: Option<Option<Phone>>,
    tin_trunk_number: Option<Option<TrunkNumber>>,
    verification_method: Option<Option<VerificationMethod>>,
}

impl StaffFields {
    /// Takes the fields out.
    pub(crate) fn take(fields: &mut Fields) -> Self {
        let about_phone = "International form. Needed for the verification methods `phone` and `whatsapp`.";
        let about_method = "The channel over which codes are sent; `email` by default.";
        Self {
            display_name: fields.optional("display_name", ""),
            phone: fields.optional("phone", about_phone),
            tin_trunk_number: fields.optional("tin_trunk_number", "The company's own reference."),
            verification_method: fields.optional("verification_method", about_method),
        }
    }

    /// The name and profile of the staff member. It compares the fields, so it is called after the last one was taken
    /// out: its errors come after theirs.
    pub(crate) fn checked(self, fields: &mut Fields, email: Option<Email>) -> Option<(Option<DisplayName>, Staff)> {
        let Self { display_name, phone, tin_trunk_number, verification_method } = self;
        fields.check_contact(verification_method.flatten(), phone.as_ref());
        let staff = Staff {
            email: email?,
            phone: phone?,
            tin_trunk_number: tin_trunk_number?,
            verification_method: verification_method?.unwrap_or(VerificationMethod::Email),
        };
        Some((display_name?, staff))
    }
}
