//! A few threads that read, each with a connection of its own: readers do not wait for the writer, nor it for them.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use allod_server_core::{Failure, Outcome};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::schema;
use crate::writer::OpError;

/// Threads that read.
const READERS: usize = 3;

type Task = Box<dyn FnOnce(&Connection) + Send>;

/// The threads.
pub(crate) struct Readers {
    tasks: Option<Sender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn start(file: &Path) -> Result<Self, crate::OpenError> {
        let (tasks, waiting) = channel::<Task>();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let (conn, waiting) = (schema::open_reader(file)?, Arc::clone(&waiting));
            threads.push(Builder::new().name("store-reader".into()).spawn(move || serve(&conn, &waiting))?);
        }
        Ok(Self { tasks: Some(tasks), threads })
    }

    /// Runs `read` on one of the threads, within one read transaction.
    pub(crate) fn run<T, E, F>(&self, read: F) -> impl Future<Output = Outcome<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, OpError<E>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let task: Task = Box::new(move |conn| {
            let outcome = in_transaction(conn, read);
            // Nobody waits any more if the caller went away.
            let _ = sender.send(outcome.map_err(Failure::from));
        });
        if let Some(tasks) = &self.tasks {
            // If the threads are gone, so is the sender within the task, and the answer is "unavailable".
            let _ = tasks.send(task);
        }
        async move { receiver.await.unwrap_or(Err(Failure::Unavailable)) }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.tasks = None;
        let own = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != own) {
            let _ = thread.join();
        }
    }
}

fn serve(conn: &Connection, waiting: &Mutex<Receiver<Task>>) {
    loop {
        let task = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        task(conn);
    }
}

fn in_transaction<T, E>(
    conn: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, OpError<E>>,
) -> Result<T, OpError<E>> {
    let transaction = conn.unchecked_transaction()?;
    let outcome = read(&transaction);
    transaction.finish()?;
    outcome
}
