//! Reading an element of a profile's list of signatures.
//!
//! Fields are read in one pass, so that the order of headers and the place of a fault survive
//! whatever reader is underneath; which form they make is decided when all are known.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::SignatureSpec;
use crate::scheme::{
    Algorithm, ContentForm, Encoding, HeaderSpec, KeySpec, MessageSignatureSpec, Parameter,
    Rotation, SchemeSpec, TimeForm,
};

/// What makes a map a message signature.
const MESSAGE: &str = "rfc9421";

/// The fields of both forms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: String,
    algorithm: Algorithm,
    key: Option<KeySpec>,
    content: Option<String>,
    content_form: Option<ContentForm>,
    encoding: Option<Encoding>,
    entry: Option<String>,
    join: Option<String>,
    header: Option<HeaderSpec>,
    time: Option<TimeForm>,
    rotation: Option<Rotation>,
    label: Option<String>,
    keyid: Option<String>,
    components: Option<Vec<String>>,
    parameters: Option<Vec<Parameter>>,
}

impl Fields {
    fn scheme<E: Error>(self) -> Result<SchemeSpec, E> {
        let Self { name, algorithm, content_form, join, time, .. } = self;
        refuse("label", self.label.is_some())?;
        refuse("keyid", self.keyid.is_some())?;
        refuse("components", self.components.is_some())?;
        refuse("parameters", self.parameters.is_some())?;
        Ok(SchemeSpec {
            name,
            algorithm,
            key: need("key", self.key)?,
            content: need("content", self.content)?,
            content_form,
            encoding: need("encoding", self.encoding)?,
            entry: need("entry", self.entry)?,
            join,
            header: need("header", self.header)?,
            time,
            rotation: need("rotation", self.rotation)?,
        })
    }

    fn message<E: Error>(self) -> Result<MessageSignatureSpec, E> {
        refuse("content", self.content.is_some())?;
        refuse("content_form", self.content_form.is_some())?;
        refuse("encoding", self.encoding.is_some())?;
        refuse("entry", self.entry.is_some())?;
        refuse("join", self.join.is_some())?;
        refuse("header", self.header.is_some())?;
        refuse("time", self.time.is_some())?;
        refuse("rotation", self.rotation.is_some())?;
        Ok(MessageSignatureSpec {
            algorithm: self.algorithm,
            key: self.key,
            label: need("label", self.label)?,
            keyid: need("keyid", self.keyid)?,
            components: need("components", self.components)?,
            parameters: self.parameters,
        })
    }
}

fn need<T, E: Error>(name: &'static str, field: Option<T>) -> Result<T, E> {
    field.ok_or_else(|| E::missing_field(name))
}

fn refuse<E: Error>(name: &'static str, is_given: bool) -> Result<(), E> {
    if is_given {
        return Err(E::custom(format_args!("`{name}` belongs to the other kind of signature")));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for SignatureSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = SignatureSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scheme's name, or a scheme")
            }

            fn visit_str<E>(self, name: &str) -> Result<SignatureSpec, E> {
                Ok(SignatureSpec::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SignatureSpec, A::Error> {
                let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
                if fields.name == MESSAGE {
                    fields.message().map(SignatureSpec::Message)
                } else {
                    fields.scheme().map(SignatureSpec::Scheme)
                }
            }
        }

        deserializer.deserialize_any(Any)
    }
}
