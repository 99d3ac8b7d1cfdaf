//! What an import does to what is there.

use super::*;

fn definition(name: &str) -> EventTypeDefinition {
    EventTypeDefinition {
        name: name.parse().unwrap(),
        org: "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
        description: "d".into(),
        archived: false,
        deprecated: false,
        schemas: Some([("1".into(), "{}".into()), ("2".into(), "true".into())].into()),
        feature_flags: ["beta".parse().unwrap()].into(),
        group_name: Some("pets".parse().unwrap()),
        created_at: Timestamp::from_micros(1),
        updated_at: Timestamp::from_micros(1),
    }
}

fn described(description: &str, schema: Option<&str>) -> Described {
    Described { description: description.into(), deprecated: false, schema: schema.map(Into::into) }
}

fn plan(
    existing: impl IntoIterator<Item = EventTypeDefinition>,
    wanted: impl IntoIterator<Item = (&'static str, Described)>,
    replace_all: bool,
) -> Plan {
    let existing: Vec<_> = existing.into_iter().map(Arc::new).collect();
    let wanted = wanted.into_iter().map(|(name, described)| (name.parse().unwrap(), described));
    Plan::new(&existing, wanted.collect(), replace_all)
}

#[test]
fn what_is_so_already_is_left_alone() {
    let same = || [("a", described("d", Some("{}")))];
    assert_eq!(plan([definition("a")], same(), true), Plan::default());
    let unsaid = [("a", described("d", None))];
    assert_eq!(plan([definition("a")], unsaid, true), Plan::default());
    let archived = EventTypeDefinition { archived: true, ..definition("a") };
    let names: Vec<_> = plan([archived], same(), true).to_modify().collect();
    assert_eq!((names.len(), names[0].1.archived), (1, false));
}

#[test]
fn what_a_document_does_not_say_stays() {
    let changed = plan([definition("a")], [("a", described("e", Some("true")))], false);
    let (_, draft) = changed.to_modify().next().unwrap();
    let schemas = draft.schemas.as_ref().unwrap();
    assert_eq!((schemas["1"].as_str(), schemas["2"].as_str()), ("true", "true"));
    assert_eq!(draft.feature_flags, definition("a").feature_flags);
    assert_eq!(draft.group_name, definition("a").group_name);
    assert_eq!(draft.description, "e");
}

#[test]
fn only_replacing_all_archives() {
    let existing = || {
        let archived = EventTypeDefinition { archived: true, ..definition("gone") };
        [definition("a"), definition("b"), archived]
    };
    let wanted = || [("a", described("d", None)), ("new", described("n", None))];
    let some = plan(existing(), wanted(), false);
    assert!(some.archive.is_empty());
    let all = plan(existing(), wanted(), true);
    assert_eq!(all.archive, ["b".parse().unwrap()]);
    let names: Vec<_> = all.to_modify().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["new"]);
}
