//! Profiles are published once, for their organisation alone.

use posthaste_profile::{Preset, Profile};
use posthaste_registry::WriteError;

use super::{
    bed::Bed,
    sample::{now, org},
};

/// A profile of this name and version, made of a preset.
fn document(name: &str, version: u32) -> String {
    let preset = Preset::named(&"standard@1".parse().unwrap()).unwrap();
    let document = preset.document.replacen("\"standard\"", &format!("\"{name}\""), 1);
    document.replacen("\"version\": 1", &format!("\"version\": {version}"), 1)
}

#[tokio::test]
async fn a_profile_is_published_once_and_seen_by_its_organisation_everywhere() {
    let bed = Bed::start().await;
    let (control, worker) = (bed.process().await, bed.process().await);
    let (ours, theirs) = (org(), org());
    let publish = async |name, version| {
        let document = document(name, version);
        let profile = Profile::parse(&document).unwrap();
        control.writer.publish_profile(&ours, profile, &document, now()).await
    };
    for version in [1, 10, 2] {
        publish("ours", version).await.unwrap();
    }
    for process in [&control, &worker] {
        let all = process.registry.profiles(&ours);
        let names: Vec<_> = all.iter().map(|one| one.profile.reference.to_string()).collect();
        assert_eq!(names, ["ours@1", "ours@2", "ours@10"]);
        assert_eq!(*all[1].document, *document("ours", 2));
        let reference = "ours@2".parse().unwrap();
        assert!(process.registry.profile(&ours, &reference).is_some());
        assert!(process.registry.profile(&theirs, &reference).is_none());
        let preset = "yoco@1".parse().unwrap();
        assert!(process.registry.profile(&theirs, &preset).is_some(), "everybody has a preset");
    }
    assert!(matches!(publish("ours", 2).await, Err(WriteError::Exists)));
    assert!(matches!(publish("yoco", 2).await, Err(WriteError::Exists)));
}
