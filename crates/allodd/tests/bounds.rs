//! What a peer can hold open is bounded, and others are served meanwhile.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{World, read_answer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const REQUEST: &[u8] = b"GET /v1/organisation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn ten_thousand_connections_from_one_address_are_bounded_a_9() {
    let world = World::with(|config| {
        config.limits.connections_per_address = 32;
        config.limits.address_per_minute = 100_000;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(TcpStream::connect(world.address()).await.unwrap());
    }
    let mut refused = 0;
    for _ in 0..10_000 {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        let mut answer = Vec::new();
        // Refused at once: with a word if it arrives before the end does.
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("at once");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 503 "));
        refused += 1;
    }
    assert_eq!(refused, 10_000);
    for stream in &mut held {
        stream.write_all(REQUEST).await.unwrap();
        assert_eq!(read_answer(stream).await.status, 200, "those that were there are served");
    }
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.get("/v1/organisation", None).await.status, 200, "there is room again");
}

/// With the limits that a server has unless told otherwise; the address that floods is not the one that is served.
#[tokio::test]
async fn ten_thousand_at_the_default_limit_keep_nobody_else_out_a_9_h_7() {
    let world = World::new().await;
    let limit = world.config.limits.connections_per_address;
    allow_open_files(4 * limit as u64);
    let begun = Instant::now();
    let mut held = Vec::new();
    for number in 0..10_000 {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        if number < limit {
            held.push(stream);
        } else if number % 100 == 0 {
            let mut answer = Vec::new();
            let _ =
                tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("at once");
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 503 "), "connection {number}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());

    let elsewhere = TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut elsewhere = elsewhere.connect(world.address()).await.unwrap();
    for stream in [&mut elsewhere, &mut held[limit - 1]] {
        stream.write_all(REQUEST).await.unwrap();
        assert_eq!(read_answer(stream).await.status, 200);
    }
}

/// Both ends of every connection are in this process.
fn allow_open_files(wanted: u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_given_up_a_9() {
    let world = World::with(|config| config.limits.header_secs = 1).await;
    let dripping = |bytes: &'static [u8]| {
        let address = world.address();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let (mut reader, mut writer) = stream.split();
            let begun = Instant::now();
            let drip = async {
                for byte in bytes.iter().cycle() {
                    if writer.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut rest = Vec::new();
            let ended = async {
                tokio::select! {
                    _ = reader.read_to_end(&mut rest) => {}
                    () = drip => {}
                }
            };
            tokio::time::timeout(Duration::from_secs(10), ended).await.expect("an end");
            begun.elapsed()
        }
    };
    // A slow head, what may become HTTP/2's preface, and nothing at all.
    let (head, preface, nothing) = tokio::join!(dripping(b"GET / HTTP/1.1\r\nX: "), dripping(b"P"), dripping(b""));
    for took in [head, preface] {
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    assert!(nothing < Duration::from_secs(5), "{nothing:?}");
}

#[tokio::test]
async fn a_connection_that_idles_between_requests_is_given_up_a_9() {
    let world = World::with(|config| config.limits.header_secs = 1).await;
    let mut stream = TcpStream::connect(world.address()).await.unwrap();
    stream.write_all(b"GET /v1/organisation HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await.expect("closed").unwrap();
    assert!(all.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn tls_speaks_both_protocols_sends_hsts_and_takes_a_new_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    };
    renew();
    let world = World::with(|config| {
        config.tls.certificate.clone_from(&certificate);
        config.tls.key.clone_from(&key);
    })
    .await;
    let speak = async |protocol: &[u8]| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(world.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    let mut stream = speak(b"http/1.1").await.unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"), "{answer}");
    let h2 = speak(b"h2").await.unwrap();
    assert_eq!(h2.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    renew();
    assert!(speak(b"h2").await.is_err(), "the old one is still served");
    world.running.as_ref().unwrap().reload();
    assert!(speak(b"h2").await.is_ok());
    std::fs::write(&key, "no key").unwrap();
    world.running.as_ref().unwrap().reload();
    assert!(speak(b"h2").await.is_ok(), "a certificate that cannot be used changes nothing");
}

#[tokio::test]
async fn counters_are_served_on_their_own_address_and_name_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with(|config| config.metrics.listen = Some(free)).await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    world.say(&log, 1).await;
    let mut stream = TcpStream::connect(free).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").await.unwrap();
    let page = String::from_utf8(read_answer(&mut stream).await.body).unwrap();
    assert!(page.contains("allodd_entries_accepted 1\n"));
    assert!(!page.contains("alice") && !page.contains(&log.id.to_string()) && !page.contains('{'));
}
