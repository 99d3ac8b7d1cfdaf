//! Channels and tags, by which messages and attempts are found.

use posthaste_domain::{Channel, Tag};

use super::statement::Arg;

/// What a label is. The numbers are stored.
const CHANNEL: i64 = 1;
const TAG: i64 = 2;

/// A label as its tables hold it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) kind: i64,
    pub(crate) text: String,
}

impl Label {
    pub(crate) fn channel(channel: &Channel) -> Self {
        Self { kind: CHANNEL, text: channel.as_str().to_owned() }
    }

    pub(crate) fn tag(tag: &Tag) -> Self {
        Self { kind: TAG, text: tag.as_str().to_owned() }
    }

    /// Those asked for; a tag is the rarer one, so it comes first.
    pub(crate) fn wanted(channel: Option<&Channel>, tag: Option<&Tag>) -> Vec<Self> {
        tag.map(Self::tag).into_iter().chain(channel.map(Self::channel)).collect()
    }

    /// The rows of everything that `owner` in `scope` is labelled with.
    pub(crate) fn rows<'a>(
        scope: &'a str,
        owner: &'a str,
        channels: &'a [Channel],
        tags: &'a [Tag],
    ) -> impl Iterator<Item = Vec<Arg>> + 'a {
        let all = channels.iter().map(Self::channel).chain(tags.iter().map(Self::tag));
        all.map(move |label| vec![scope.into(), label.kind.into(), label.text.into(), owner.into()])
    }
}
