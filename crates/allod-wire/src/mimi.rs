//! Message content in the MIMI format (draft-ietf-mimi-content-08), the parts that Allod sends, and all that it reads.
//!
//! Content that Allod does not know is kept and shown as "a message of a newer kind", never dropped.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// MIMI message id: 32 bytes derived from the content (draft section 3.3).
pub type MessageId = ByteArray<32>;

/// What to do with a part (draft section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Nothing to show.
    pub const UNSPECIFIED: Self = Self(0);
    /// Show it.
    pub const RENDER: Self = Self(1);
    /// A reaction to another message.
    pub const REACTION: Self = Self(2);
    /// Offer it as a file.
    pub const ATTACHMENT: Self = Self(6);
    /// Show it until the thing itself is there.
    pub const PREVIEW: Self = Self(8);
}

/// A message: `mimiContent` of the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimiContent {
    /// Random; blinds message ids and franking.
    pub salt: [u8; 16],
    /// The message that this one replaces (an edit; a deletion when the body is a null part).
    pub replaces: Option<MessageId>,
    /// Thread.
    pub topic: Vec<u8>,
    /// Disappears after: relative to reading or absolute, in seconds.
    pub expires: Option<Expiration>,
    /// The message that this one answers.
    pub in_reply_to: Option<MessageId>,
    /// Extensions: integer names only; others are refused by no one and kept by nobody.
    pub extensions: Vec<(i64, ByteVec)>,
    /// The body.
    pub body: NestedPart,
}

/// When a message disappears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Expiration {
    /// Counted from reading; else since 1970.
    #[n(0)]
    pub relative: bool,
    /// Seconds.
    #[n(1)]
    pub time: u32,
}

/// A part of a message with how to treat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedPart {
    /// What to do with it.
    pub disposition: Disposition,
    /// Language tag, or empty.
    pub language: String,
    /// The part.
    pub part: Part,
}

/// The kinds of part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Null,
    /// Content within the message.
    Single {
        /// Media type.
        content_type: String,
        /// The content.
        content: Vec<u8>,
    },
    /// Content elsewhere.
    External(Box<ExternalPart>),
    /// Several parts.
    Multi {
        /// 0 choose one, 1 single unit, 2 process all.
        semantics: u8,
        /// At least two.
        parts: Vec<NestedPart>,
    },
}

/// Content in a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalPart {
    /// Media type.
    pub content_type: String,
    /// Where: `allod:blob/<id>` for a blob beside this log.
    pub url: String,
    /// Seconds since 1970, or 0.
    pub expires: u32,
    /// Plaintext length in bytes.
    pub size: u64,
    /// IANA AEAD number; 29 is AEAD_CHACHA20_POLY1305 in blocks as in `spec/blob.md`.
    pub enc_alg: u16,
    /// Key.
    pub key: ByteVec,
    /// Nonce; empty, since the block counter makes it.
    pub nonce: Vec<u8>,
    /// Additional data; empty.
    pub aad: Vec<u8>,
    /// 1 is SHA-256.
    pub hash_alg: u8,
    /// Hash of the plaintext.
    pub content_hash: Vec<u8>,
    /// What it is, in words.
    pub description: String,
    /// File name.
    pub filename: String,
}

/// Nested multi-parts deeper than this are refused.
pub const DEPTH_MAX: u8 = 4;
/// IANA AEAD number of ChaCha20-Poly1305.
pub const AEAD_CHACHA20_POLY1305: u16 = 29;
/// Hash algorithm number of SHA-256.
pub const HASH_SHA256: u8 = 1;
/// Media type of Allod's text messages.
pub const TEXT_PLAIN: &str = "text/plain;charset=utf-8";

impl MimiContent {
    /// A message with this body and nothing else.
    pub fn new(salt: [u8; 16], body: NestedPart) -> Self {
        Self { salt, replaces: None, topic: Vec::new(), expires: None, in_reply_to: None, extensions: Vec::new(), body }
    }

    /// A plain text message.
    pub fn text(salt: [u8; 16], text: &str) -> Self {
        let part = Part::Single { content_type: TEXT_PLAIN.to_owned(), content: text.as_bytes().to_vec() };
        Self::new(salt, NestedPart { disposition: Disposition::RENDER, language: String::new(), part })
    }
}

impl<C> Encode<C> for MimiContent {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(7)?.bytes(&self.salt)?.encode_with(self.replaces, ctx)?.bytes(&self.topic)?;
        e.encode_with(self.expires, ctx)?.encode_with(self.in_reply_to, ctx)?;
        e.map(self.extensions.len() as u64)?;
        for (name, value) in &self.extensions {
            e.i64(*name)?.bytes(value)?;
        }
        self.body.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for MimiContent {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        expect_array(d, 7)?;
        let salt = d.bytes()?.try_into().map_err(|_| decode::Error::message("salt is 16 bytes"))?;
        let replaces = d.decode_with(ctx)?;
        let topic = d.bytes()?.to_vec();
        let expires = d.decode_with(ctx)?;
        let in_reply_to = d.decode_with(ctx)?;
        let mut extensions = Vec::new();
        for _ in 0..d.map()?.ok_or_else(|| decode::Error::message("extensions have a length"))? {
            extensions.push((d.i64()?, d.bytes()?.to_vec().into()));
        }
        Ok(Self { salt, replaces, topic, expires, in_reply_to, extensions, body: decode_part(d, 0)? })
    }
}

impl<C> Encode<C> for NestedPart {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        let fields = match &self.part {
            Part::Null => 3,
            Part::Single { .. } | Part::Multi { .. } => 5,
            Part::External(_) => 14,
        };
        e.array(fields)?.u8(self.disposition.0)?.str(&self.language)?;
        match &self.part {
            Part::Null => e.u8(0)?,
            Part::Single { content_type, content } => e.u8(1)?.str(content_type)?.bytes(content)?,
            Part::External(part) => {
                e.u8(2)?.str(&part.content_type)?.str(&part.url)?.u32(part.expires)?.u64(part.size)?;
                e.u16(part.enc_alg)?.bytes(&part.key)?.bytes(&part.nonce)?.bytes(&part.aad)?;
                e.u8(part.hash_alg)?.bytes(&part.content_hash)?.str(&part.description)?.str(&part.filename)?
            }
            Part::Multi { semantics, parts } => {
                e.u8(3)?.u8(*semantics)?.array(parts.len() as u64)?;
                for part in parts {
                    part.encode(e, ctx)?;
                }
                e
            }
        };
        Ok(())
    }
}

fn decode_part(d: &mut Decoder<'_>, depth: u8) -> Result<NestedPart, decode::Error> {
    if depth > DEPTH_MAX {
        return Err(decode::Error::message("parts nested too deep"));
    }
    let fields = d.array()?.ok_or_else(|| decode::Error::message("a part has a length"))?;
    let disposition = Disposition(d.u8()?);
    let language = d.str()?.to_owned();
    let part = match (d.u8()?, fields) {
        (0, 3) => Part::Null,
        (1, 5) => Part::Single { content_type: d.str()?.to_owned(), content: d.bytes()?.to_vec() },
        (2, 14) => Part::External(Box::new(ExternalPart {
            content_type: d.str()?.to_owned(),
            url: d.str()?.to_owned(),
            expires: d.u32()?,
            size: d.u64()?,
            enc_alg: d.u16()?,
            key: d.bytes()?.to_vec().into(),
            nonce: d.bytes()?.to_vec(),
            aad: d.bytes()?.to_vec(),
            hash_alg: d.u8()?,
            content_hash: d.bytes()?.to_vec(),
            description: d.str()?.to_owned(),
            filename: d.str()?.to_owned(),
        })),
        (3, 5) => {
            let semantics = d.u8()?;
            let count = d.array()?.filter(|count| *count >= 2);
            let count = count.ok_or_else(|| decode::Error::message("a multi-part has two parts or more"))?;
            let parts = (0..count).map(|_| decode_part(d, depth + 1)).collect::<Result<_, _>>()?;
            Part::Multi { semantics, parts }
        }
        _ => return Err(decode::Error::message("unknown kind of part")),
    };
    Ok(NestedPart { disposition, language, part })
}

fn expect_array(d: &mut Decoder<'_>, length: u64) -> Result<(), decode::Error> {
    match (d.datatype()?, d.array()?) {
        (Type::Array, Some(found)) if found == length => Ok(()),
        _ => Err(decode::Error::message("an array of another length")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::{DecodeError, from_slice, to_vec};

    fn file() -> NestedPart {
        let part = Part::External(Box::new(ExternalPart {
            content_type: "image/png".into(),
            url: "allod:blob/AAAA".into(),
            expires: 0,
            size: 70_000,
            enc_alg: AEAD_CHACHA20_POLY1305,
            key: vec![9; 32].into(),
            nonce: vec![],
            aad: vec![],
            hash_alg: HASH_SHA256,
            content_hash: vec![8; 32],
            description: String::new(),
            filename: "plan.png".into(),
        }));
        NestedPart { disposition: Disposition::ATTACHMENT, language: String::new(), part }
    }

    #[test]
    fn content_reads_back() {
        let text = MimiContent::text([1; 16], "héllo");
        let both = Part::Multi { semantics: 2, parts: vec![text.body.clone(), file()] };
        let both = NestedPart { disposition: Disposition::RENDER, language: "fr".into(), part: both };
        let reply = MimiContent { in_reply_to: Some([2; 32].into()), ..MimiContent::new([3; 16], both) };
        for content in [text, MimiContent::new([4; 16], file()), reply] {
            assert_eq!(from_slice(&to_vec(&content)), Ok(content));
        }
    }

    #[test]
    fn parts_nested_without_end_are_refused() {
        let mut part = file();
        for _ in 0..=DEPTH_MAX {
            part = NestedPart { part: Part::Multi { semantics: 1, parts: vec![part, file()] }, ..file() };
        }
        let bytes = to_vec(&MimiContent::new([0; 16], part));
        assert_eq!(from_slice::<MimiContent>(&bytes), Err(DecodeError::Malformed));
    }
}
