use super::*;

fn file() -> FileView {
    let blob = BlobRef { blob: BlobId([1; 32]), key: BlobKey([2; 32]), size: 5, digest: [3; 32].into() };
    FileView { name: "plan.pdf".into(), media_type: "application/pdf".into(), size: 5, glimpse: None, blob }
}

#[test]
fn a_file_in_a_message_reads_back() {
    let content = MimiContent::new([1; 16], file().to_part("as agreed"));
    assert_eq!(MessageBody::of(&content), MessageBody::File { file: file(), caption: "as agreed".into() });
}

#[test]
fn what_is_not_known_is_shown_as_unknown_c_13() {
    let mut part = file().to_part("");
    if let Part::External(external) = &mut part.part {
        external.enc_alg = 1;
    }
    let body = MessageBody::of(&MimiContent::new([1; 16], part));
    assert_eq!(body, MessageBody::Unknown { content_type: "application/pdf".into() });
}

fn photo() -> FileView {
    let glimpse = Glimpse::Picture { media_type: "image/jpeg".into(), width: 2_560, height: 1_920, bytes: vec![7; 9] };
    FileView { name: "site.jpg".into(), media_type: "image/jpeg".into(), glimpse: Some(Box::new(glimpse)), ..file() }
}

fn voice() -> FileView {
    let glimpse = Glimpse::Voice { millis: 12_345, waveform: vec![0, 128, 255] };
    FileView {
        name: "voice.webm".into(),
        media_type: "audio/webm;codecs=opus".into(),
        glimpse: Some(Box::new(glimpse)),
        ..file()
    }
}

#[test]
fn a_picture_reads_back_with_its_preview_m_20_and_a_recording_with_its_waveform_m_21() {
    for file in [photo(), voice()] {
        let content = MimiContent::new([1; 16], file.to_part("look"));
        let content = allod_wire::cbor::from_slice(&allod_wire::cbor::to_vec(&content)).unwrap();
        assert_eq!(MessageBody::of(&content), MessageBody::File { file, caption: "look".into() });
    }
}

/// What a message shows when its preview part was changed so.
fn with_preview(file: FileView, change: impl Fn(&mut NestedPart)) -> MessageBody {
    let mut part = file.to_part("");
    let Part::Multi { parts, .. } = &mut part.part else { panic!("no preview was sent") };
    change(&mut parts[1]);
    MessageBody::of(&MimiContent::new([1; 16], part))
}

fn typed(part: &mut NestedPart, media_type: &str) {
    if let Part::Single { content_type, .. } = &mut part.part {
        *content_type = media_type.to_owned();
    }
}

fn filled(part: &mut NestedPart, bytes: Vec<u8>) {
    if let Part::Single { content, .. } = &mut part.part {
        *content = bytes;
    }
}

#[test]
fn a_preview_that_is_not_understood_is_left_out_and_the_file_is_shown_m_20() {
    let bare = |file: FileView| MessageBody::File { file: FileView { glimpse: None, ..file }, caption: String::new() };
    for media_type in [
        "image/svg+xml;width=1;height=1",
        "text/html;width=1;height=1",
        "image/jpeg",
        "image/jpeg;width=0;height=1",
        "image/jpeg;width=32769;height=1",
        "image/jpeg;width=+5;height=1",
        "image/jpeg;width=99999999999999999999;height=1",
    ] {
        assert_eq!(with_preview(photo(), |part| typed(part, media_type)), bare(photo()), "{media_type}");
    }
    for bytes in [Vec::new(), vec![0; 24_577]] {
        assert_eq!(with_preview(photo(), |part| filled(part, bytes.clone())), bare(photo()));
    }
    let one = with_preview(photo(), |part| typed(part, "image/jpeg; height=1920; width=2560; more=1"));
    assert_eq!(
        one,
        MessageBody::File { file: photo(), caption: String::new() },
        "order and more parameters do no harm"
    );
}

#[test]
fn a_waveform_that_is_not_understood_is_left_out_m_21() {
    let bare = |file: FileView| MessageBody::File { file: FileView { glimpse: None, ..file }, caption: String::new() };
    for duration in ["0", "86400001", "-1", "x", ""] {
        let media_type = format!("application/allod-waveform;duration={duration}");
        assert_eq!(with_preview(voice(), |part| typed(part, &media_type)), bare(voice()), "{duration:?}");
    }
    for bytes in [Vec::new(), vec![0; 65]] {
        assert_eq!(with_preview(voice(), |part| filled(part, bytes.clone())), bare(voice()));
    }
    let not_audio = FileView { media_type: "application/pdf".into(), ..voice() };
    assert_eq!(not_audio.to_part("").part, FileView { glimpse: None, ..not_audio.clone() }.to_part("").part);
}

#[test]
fn a_list_names_a_voice_message_without_its_ending_m_21() {
    let said = |file| MessageBody::File { file, caption: String::new() }.preview();
    assert_eq!((said(voice()).as_deref(), said(photo()).as_deref()), (Some("voice"), Some("site.jpg")));
}

#[test]
fn a_unit_with_anything_else_in_it_is_not_taken_for_a_file_m_20() {
    let body = with_preview(photo(), |part| part.disposition = Disposition::RENDER);
    assert_eq!(body, MessageBody::Unknown { content_type: "multipart".into() });
}
