//! The world: devices, a network that loses, doubles, delays and reorders, and a server that restarts and may lie.
//!
//! Everything that the cores and the server decide, and every accident, follows from the seed and the simulated clock. (The MLS library's own keys are
//! drawn elsewhere and differ from run to run; no decision depends on them.)

mod life;
mod serve;

use std::collections::BTreeMap;

use allod_client_core::history::HistoryStep;
use allod_client_core::view::{MessageBody, State, Status};
use allod_client_core::{ClientCore, Effect, Event, HttpRequest, RequestId, Suite, Verb};
use allod_wire::error::ErrorCode;
use allod_wire::link::{Link, LinkKind};
use allod_wire::secrets::TokenKey;
use allod_wire::{EntryId, LogId, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::check::{Promise, Violation};
use crate::device::{Conn, Device};
use crate::network::{Connection, Happening, Queue, below, one_in};
use crate::record::{Forgotten, LogRecord, Record, Said};
use crate::script::Script;
use crate::server::Server;
use crate::weather::{CALM, Tally, Weather};

/// A core that does not come to rest in so many steps never will.
const STEPS_MAX: u64 = 200_000;
/// A core whose timeout stays due is asked again after this many milliseconds.
const TIMER_STEP_MILLIS: u64 = 10;

/// The world.
pub struct World {
    /// The server.
    pub server: Server,
    /// The server can be reached.
    pub is_up: bool,
    /// The devices.
    pub devices: Vec<Device>,
    pub(crate) queue: Queue,
    pub(crate) connections: BTreeMap<Conn, Connection>,
    pub(crate) keys: BTreeMap<LogId, BTreeMap<TokenKey, usize>>,
    pub(crate) forgotten: BTreeMap<LogId, Vec<Forgotten>>,
    /// What was said.
    pub said: BTreeMap<EntryId, Said>,
    /// The time.
    pub now: UnixMillis,
    /// The accidents.
    pub rng: ChaCha20Rng,
    /// How rough it is.
    pub weather: Weather,
    /// What was broken already.
    pub violations: Vec<Violation>,
    /// What happened, in numbers.
    pub tally: Tally,
    /// What is still to be done.
    pub script: Script,
    suite: Suite,
    next_conn: Conn,
    story: Option<Vec<String>>,
}

impl World {
    /// An empty world.
    pub fn new(seed: u64, suite: Suite, tells: bool) -> Self {
        Self {
            server: Server::new(seed),
            is_up: true,
            devices: Vec::new(),
            queue: Queue::default(),
            connections: BTreeMap::new(),
            keys: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            said: BTreeMap::new(),
            now: UnixMillis(1_700_000_000_000),
            rng: ChaCha20Rng::seed_from_u64(seed),
            weather: CALM,
            violations: Vec::new(),
            tally: Tally::default(),
            script: Script::default(),
            suite,
            next_conn: 0,
            story: tells.then(Vec::new),
        }
    }

    /// Adds a line to the story.
    pub fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.story.is_some() {
            let line = format!("{:>9} {}", self.now.0 - 1_700_000_000_000, line(self));
            self.story.iter_mut().for_each(|story| story.push(line.clone()));
        }
    }

    /// The story so far.
    pub fn story(&mut self) -> Vec<String> {
        self.story.take().unwrap_or_default()
    }

    /// Notes a broken promise.
    pub fn broken(&mut self, promise: Promise, what: String) {
        self.tell(|_| format!("BROKEN {what}"));
        self.violations.push(Violation { promise, what });
    }

    /// Somebody comes who was invited by the operator.
    pub fn invite(&mut self, name: &str) {
        let secret = self.server.invite(self.now);
        let link = Link { server: "https://sim.example".into(), kind: LinkKind::Join(secret) };
        self.add_device(Device::new(name.to_owned(), link, Some(name.parse().expect("a name"))));
    }

    fn add_device(&mut self, device: Device) {
        self.devices.push(device);
        let device = self.devices.len() - 1;
        self.queue.push(self.now.0 + 1 + below(&mut self.rng, 500), Happening::Start { device });
    }

    /// Does the next thing, if there is one until `end`.
    pub fn step(&mut self, end: u64) -> bool {
        let timer = |(index, device): (usize, &Device)| {
            let due = device.core.as_ref()?.poll_timeout()?.0;
            Some((due.max(device.timer_floor), index))
        };
        let timer = self.devices.iter().enumerate().filter_map(timer).min();
        let queued = self.queue.due();
        let due = timer.map(|(at, _)| at).into_iter().chain(queued).min().filter(|at| *at <= end);
        let Some(due) = due else {
            self.now = UnixMillis(self.now.0.max(end));
            return false;
        };
        self.now = UnixMillis(self.now.0.max(due));
        self.tally.steps += 1;
        match timer {
            Some((at, device)) if queued.is_none_or(|queued| at <= queued) => {
                self.devices[device].timer_floor = self.now.0 + TIMER_STEP_MILLIS;
                self.with_core(device, |core, now, rng| core.handle_timeout(now, rng));
            }
            _ => {
                if let Some(happening) = self.queue.pop() {
                    self.happen(happening);
                }
            }
        }
        self.push_news();
        self.connect_all();
        if self.tally.steps > STEPS_MAX && !self.violations.iter().any(|one| one.promise == Promise::ComesToRest) {
            self.broken(Promise::ComesToRest, format!("still busy after {STEPS_MAX} steps"));
        }
        self.tally.steps <= STEPS_MAX
    }

    /// Lets time pass.
    pub fn run_for(&mut self, millis: u64) {
        let end = self.now.0 + millis;
        while self.step(end) {}
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start { device } => self.start(device),
            Happening::Online { device } => {
                self.devices[device].is_online = true;
                self.tell(|world| format!("{} has a network again", world.devices[device].name));
            }
            Happening::Request { device, run, id, request, is_heard } => {
                let answer = self.is_up.then(|| self.server.handle(&request, self.now));
                self.tell(|world| {
                    let status = answer.as_ref().map(|(status, _)| *status);
                    format!("{} asks {request:?}: {status:?}", world.devices[device].name)
                });
                if is_heard {
                    let at = self.later();
                    self.queue.push(at, Happening::Answer { device, run, id, answer });
                }
            }
            Happening::Answer { device, run, id, answer } if self.devices[device].run == run => {
                let answer = answer.filter(|_| self.devices[device].is_online);
                self.with_core(device, |core, now, rng| match &answer {
                    Some((status, body)) => core.handle_response(id, *status, body, now, rng),
                    None => core.handle_request_failed(id, now, rng),
                });
            }
            Happening::Answer { .. } => {}
            Happening::Rows { device, run, id, from, to, limit } if self.devices[device].run == run => {
                let rows = self.devices[device].vault.range(from..to).take(limit as usize);
                let rows: Vec<_> = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                self.with_core(device, |core, now, rng| core.handle_rows(id, &rows, now, rng));
            }
            Happening::Rows { .. } => {}
            Happening::Opened { device, plane, conn } => self.opened(device, plane, conn),
            Happening::Dropped { conn } => self.drop_connection(conn),
            Happening::ToServer { conn, frame } => self.hear(conn, frame),
            Happening::ToDevice { conn, frame, is_mangled } => self.deliver(conn, &frame, is_mangled),
            Happening::ServerUp => {
                self.is_up = true;
                self.tell(|_| "the server is there again".into());
            }
            Happening::Act => self.act(),
        }
    }

    /// Some time from now.
    pub(crate) fn later(&mut self) -> u64 {
        let usual = self.weather.delay;
        let longest = if self.weather.loss > 0 && one_in(&mut self.rng, 20) { usual * 15 } else { usual };
        self.now.0 + 1 + below(&mut self.rng, longest)
    }

    /// A verb or an input of a device's core, and everything that follows from it at once. Whether what it wrote is on disk.
    pub fn with_core(
        &mut self,
        device: usize,
        input: impl FnOnce(&mut ClientCore, UnixMillis, &mut ChaCha20Rng) -> Vec<Effect>,
    ) -> bool {
        let Some(core) = &mut self.devices[device].core else { return false };
        let effects = input(core, self.now, &mut self.rng);
        self.carry_out(device, effects)
    }

    /// Carries out effects in order, up to a crash. Whether what was to be written is written.
    pub fn carry_out(&mut self, device: usize, effects: Vec<Effect>) -> bool {
        for effect in effects {
            let crashes = match &mut self.devices[device].crash_in {
                Some(0) => true,
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => false,
            };
            if crashes {
                let mut is_durable = true;
                if let Effect::Persist(writes) = effect {
                    is_durable = one_in(&mut self.rng, 2);
                    if is_durable {
                        self.devices[device].persist(writes);
                    }
                }
                self.crash(device);
                return is_durable;
            }
            match effect {
                Effect::Persist(writes) => self.devices[device].persist(writes),
                Effect::Request { id, request } => self.request(device, id, request),
                Effect::Read { id, from, to, limit } => {
                    let run = self.devices[device].run;
                    self.queue.push(self.now.0 + 1, Happening::Rows { device, run, id, from, to, limit });
                }
                Effect::Send { plane, frame } => self.send_up(device, plane, frame),
                Effect::Event(event) => self.note(device, event),
            }
        }
        true
    }

    fn request(&mut self, device: usize, id: RequestId, request: HttpRequest) {
        let run = self.devices[device].run;
        let (loss, double) = (self.weather.loss, self.weather.double);
        let (lost_there, lost_back) = (one_in(&mut self.rng, loss), one_in(&mut self.rng, loss));
        let at = self.later();
        if !self.devices[device].is_online || lost_there || lost_back {
            self.tally.losses += 1;
            if self.devices[device].is_online && !lost_there {
                self.queue.push(at, Happening::Request { device, run, id, request, is_heard: false });
            }
            let heard_at = self.later().max(at) + 1;
            return self.queue.push(heard_at, Happening::Answer { device, run, id, answer: None });
        }
        let first_is_heard = if one_in(&mut self.rng, double) {
            let (again, first_is_heard) = (self.later(), one_in(&mut self.rng, 2));
            let request = request.clone();
            let copy = Happening::Request { device, run, id, request, is_heard: !first_is_heard };
            self.queue.push(again, copy);
            first_is_heard
        } else {
            true
        };
        self.queue.push(at, Happening::Request { device, run, id, request, is_heard: first_is_heard });
    }

    fn note(&mut self, device: usize, event: Event) {
        match event {
            Event::Joined => {
                let me = self.devices[device].joined().and_then(ClientCore::me_view);
                self.devices[device].identity = me.map(|me| (me.device, me.address));
                self.tell(|world| format!("{} has joined", world.devices[device].name));
            }
            Event::JoinFailed(error) => {
                let passes = matches!(
                    error.code,
                    ErrorCode::Unavailable | ErrorCode::TooMany | ErrorCode::Internal | ErrorCode::NoSession
                );
                if !passes {
                    let name = self.devices[device].name.clone();
                    self.broken(Promise::NothingLost, format!("{name} cannot join: {error}"));
                }
            }
            Event::Message(line) => {
                // The line that says that entries are missing comes late, and stands where they were.
                if let (Some(position), MessageBody::Text { .. }) = (line.position, &line.body) {
                    self.devices[device].told.entry(line.log).or_default().push(position);
                }
                self.tell(|world| {
                    format!("{} reads {:?} at {:?}", world.devices[device].name, line.body, line.position)
                });
            }
            Event::Outbox { id, status, .. } => {
                if let Some(said) = self.said.get_mut(&id) {
                    said.is_acknowledged |= status == Status::Sent;
                    said.has_failed |= status == Status::Failed;
                }
            }
            Event::ForkDetected(log) => {
                self.tally.caught += 1;
                self.devices[device].caught.insert(log);
                self.tell(|world| format!("{} sees that the server lies", world.devices[device].name));
            }
            Event::HubMisbehaved { log, what } => {
                self.tally.caught += 1;
                self.tell(|world| format!("{} is shown {what}", world.devices[device].name));
                if self.tally.lies == 0 {
                    let name = self.devices[device].name.clone();
                    self.broken(Promise::LiesAreCaught, format!("{name} accuses an honest server of {what} in {log}"));
                }
            }
            Event::Refused { verb: Verb::Configure, error } if error.code == ErrorCode::NotAllowed => {
                self.devices[device].has_plain_token = true;
            }
            Event::ConversationChanged(log) => self.note_rejoin(device, log),
            Event::History { step: HistoryStep::Here { lines }, .. } => {
                self.tally.histories += 1;
                self.tell(|world| format!("{} has the history: {lines} lines", world.devices[device].name));
            }
            Event::DeviceLink { link } => {
                let name = format!("{}'", self.devices[device].name);
                match link.parse() {
                    Ok(link) => self.add_device(Device::new(name, link, None)),
                    Err(error) => self.broken(Promise::NoMistakes, format!("a device link that is none: {error}")),
                }
            }
            other => self.tell(|world| format!("{} hears {other:?}", world.devices[device].name)),
        }
    }

    fn note_rejoin(&mut self, device: usize, log: LogId) {
        let held = &mut self.devices[device];
        let shown = held.core.as_ref().and_then(|core| core.conversation(log));
        let Some(state) = shown.map(|shown| shown.state) else { return };
        if state == State::Rejoining {
            held.rejoining.insert(log);
        }
        let is_back = state == State::Active && held.rejoining.remove(&log);
        self.tally.rejoins += u64::from(is_back);
        self.tell(|world| format!("{} is {state:?} in {log:?}", world.devices[device].name));
    }

    /// From now on everything gets through, and everybody is there.
    pub fn calm_down(&mut self) {
        self.tell(|_| "calm".into());
        self.weather = CALM;
        for device in 0..self.devices.len() {
            self.devices[device].crash_in = None;
            if !self.devices[device].is_online {
                self.devices[device].is_online = true;
            }
        }
    }

    /// Whether nothing waits: no program is down, and no core has anything to do.
    pub fn is_at_rest(&self) -> bool {
        self.is_up && self.devices.iter().all(|device| self.rests(device) && !self.may_be_added_again(device))
    }

    /// Whether a device waits to be added again where there is somebody who can.
    fn may_be_added_again(&self, device: &Device) -> bool {
        let is_there = |other: &Device, log| other.state_in(log) == Some(State::Active) && self.in_account(other);
        let shown = device.core.as_ref().map(ClientCore::conversations).unwrap_or_default();
        let mut waits = shown.iter().filter(|shown| shown.state == State::Rejoining);
        waits.any(|shown| self.devices.iter().any(|other| is_there(other, shown.log)))
    }

    /// Whether a device has nothing to do: it waits for nobody, but perhaps for its user to say what to do about a server that lies.
    pub fn rests(&self, device: &Device) -> bool {
        let is_idle = |core: &ClientCore| core.is_quiet() && (!core.has_duties() || device.has_plain_token);
        device.core.as_ref().is_some_and(|core| is_idle(core) || device.waits_for_user() || !self.in_account(device))
    }

    /// Whether the device is one of its account (still).
    pub fn in_account(&self, device: &Device) -> bool {
        device.identity.as_ref().is_none_or(|(id, _)| self.server.has_device(*id))
    }

    /// What the world leaves for the checks.
    pub fn record(&self) -> Record {
        let mut record = Record { said: self.said.clone(), ..Record::default() };
        for (log, held) in &self.server.logs {
            let keys = self.keys.get(log).cloned().unwrap_or_default();
            let is_forked = held.has_diverged();
            let forgotten = self.forgotten.get(log).cloned().unwrap_or_default();
            let spans = held.main.spans.clone();
            record.logs.insert(*log, LogRecord { entries: held.ids(), spans, keys, is_forked, forgotten });
        }
        record.devices = self.devices.iter().map(|device| device.record(self.in_account(device))).collect();
        record
    }
}
