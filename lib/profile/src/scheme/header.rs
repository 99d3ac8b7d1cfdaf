//! The headers of a scheme as they are written down.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap as _,
};

/// Which headers a scheme sets: one name, whose value is `{{entries}}`, or several names and what
/// each holds, in the order written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSpec {
    /// The name of the one header, which holds the entries and nothing else.
    Name(String),
    /// Names, as they are to be spelt on the wire, and templates.
    Templates(Vec<(String, String)>),
}

impl Serialize for HeaderSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Templates(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (name, template) in pairs {
                    map.serialize_entry(name, template)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for HeaderSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = HeaderSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a header's name, or a map of names and templates")
            }

            fn visit_str<E>(self, name: &str) -> Result<HeaderSpec, E> {
                Ok(HeaderSpec::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeaderSpec, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(HeaderSpec::Templates(pairs))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
