//! Names of the contract, to which a newer service may add.

/// An enum of names with a variant `Other` for those that this release does not know.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A name that this release does not know.
            Other(String),
        }

        impl $name {
            /// The name as the service has it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <::std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::from(name.as_ref()))
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What somebody may do: a permission, or a scope of an API key.
    Action {
        /// List people.
        ListUsers => "list_users",
        /// List the customers one looks after.
        ListManagedCustomers => "list_managed_customers",
        /// Read one person.
        ReadUser => "read_user",
        /// Enter an admin.
        CreateAdmin => "create_admin",
        /// Enter a manager.
        CreateManager => "create_manager",
        /// Enter a customer.
        CreateCustomer => "create_customer",
        /// Change a staff member.
        UpdateStaff => "update_staff",
        /// Change a customer.
        UpdateCustomer => "update_customer",
        /// Give customers to another manager.
        AssignCustomer => "assign_customer",
        /// Erase a person for good.
        EraseUser => "erase_user",
        /// Sign a person out everywhere. No API key may.
        EndSessions => "end_sessions",
        /// Read everything stored about a person.
        ReadPersonalData => "read_personal_data",
        /// Read who did what to whom.
        ReadAuditEvents => "read_audit_events",
        /// Read and write customers as files.
        ImportAndExport => "import_and_export",
        /// Make, list and revoke API keys. No API key may.
        ManageKeys => "manage_keys",
        /// Ask whether a token or a key is good.
        Introspect => "introspect",
    }
}

names! {
    /// On whom somebody may do something.
    Reach {
        /// On everyone.
        All => "all",
        /// On all customers.
        AllCustomers => "all_customers",
        /// On oneself and the customers who are assigned to one.
        SelfAndAssigned => "self_and_assigned",
        /// On the customers who are assigned to one.
        Assigned => "assigned",
        /// On oneself.
        Oneself => "self",
        /// On nobody.
        Nobody => "none",
    }
}

names! {
    /// How a one-time code travels.
    Channel {
        /// By e-mail.
        Email => "email",
        /// By SMS.
        Phone => "phone",
        /// By WhatsApp.
        Whatsapp => "whatsapp",
    }
}
