//! What paths name, as the specification describes it. The values are read by `access` and by the
//! handlers.

use posthaste_api::schema;
use utoipa::IntoParams;

macro_rules! path {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(IntoParams)]
        #[into_params(parameter_in = Path)]
        #[expect(dead_code, reason = "it is only described")]
        pub(crate) struct $name { $($(#[$field_doc])* $field: $type,)* }
    };
}

path! {
    /// An application.
    ApplicationPath {
        /// The application's id or uid.
        app_id: schema::Uid,
    }
}
path! {
    /// An endpoint of an application.
    EndpointPath {
        /// The application's id or uid.
        app_id: schema::Uid,
        /// The endpoint's id or uid.
        endpoint_id: schema::Uid,
    }
}
path! {
    /// A message of an application.
    MessagePath {
        /// The application's id or uid.
        app_id: schema::Uid,
        /// The message's id or `eventId`.
        msg_id: schema::Uid,
    }
}
path! {
    /// A message of an application at one of its endpoints.
    DeliveryPath {
        /// The application's id or uid.
        app_id: schema::Uid,
        /// The message's id or `eventId`.
        msg_id: schema::Uid,
        /// The endpoint's id or uid.
        endpoint_id: schema::Uid,
    }
}
path! {
    /// An attempt at a message.
    AttemptPath {
        /// The application's id or uid.
        app_id: schema::Uid,
        /// The message's id or `eventId`.
        msg_id: schema::Uid,
        /// The attempt's id.
        attempt_id: schema::AttemptId,
    }
}
path! {
    /// An event type.
    EventTypePath {
        /// Its name.
        event_type_name: schema::EventTypeName,
    }
}
path! {
    /// A background task.
    TaskPath {
        /// Its id.
        task_id: schema::TaskId,
    }
}
path! {
    /// An endpoint of operational webhooks.
    OperationalEndpointPath {
        /// The endpoint's id or uid.
        endpoint_id: schema::Uid,
    }
}
path! {
    /// A dead letter.
    DeadLetterPath {
        /// Its id.
        dead_letter_id: schema::DeadLetterId,
    }
}
path! {
    /// A delivery profile.
    ProfilePath {
        /// `name@version`.
        reference: super::profile::Reference,
    }
}
path! {
    /// A secret key of an application.
    SecretKeyPath {
        /// The application's id or uid.
        app_id: schema::Uid,
        /// The key's id.
        key_id: super::secret_key::KeyId,
    }
}
