//! Writes the log on stderr in a thread of its own from a bounded buffer, so that a stalled reader does not block the server.

use std::{
    io::{self, Write},
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

/// How many lines wait to be written. Later ones are dropped and counted.
const MAX_LINES: usize = 4096;
/// How long the thread sleeps after it has written, so that many lines cost one write and wake it once.
const PAUSE: Duration = Duration::from_millis(10);
/// How long the last lines may take to be written.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Takes lines. Clones share the buffer.
#[derive(Clone, Default)]
pub(crate) struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Buffer {
    text: Vec<u8>,
    /// Those of the text, and those that are being written.
    lines: usize,
    is_closed: bool,
}

/// The log. When it is dropped, the lines that wait are written.
pub struct Log {
    writer: LogWriter,
    /// Closed when the thread ends.
    ended: Receiver<()>,
}

impl Log {
    /// Starts the thread that writes to `out`.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (writer, (alive, ended)) = (LogWriter::default(), mpsc::channel());
        let shared = writer.shared.clone();
        thread::Builder::new().name("log".into()).spawn(move || {
            let _alive: mpsc::Sender<()> = alive;
            shared.write_all(out);
        })?;
        Ok(Self { writer, ended })
    }

    pub(crate) fn writer(&self) -> LogWriter {
        self.writer.clone()
    }

    /// A function that returns how many lines were dropped.
    pub fn dropped_lines(&self) -> impl Fn() -> u64 + use<> {
        let shared = self.writer.shared.clone();
        move || shared.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.writer.shared.lock().is_closed = true;
        self.writer.shared.changed.notify_one();
        let _ = self.ended.recv_timeout(CLOSE_TIMEOUT);
    }
}

impl Write for LogWriter {
    /// Takes a line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Shared { changed, dropped, .. } = &*self.shared;
        let mut buffer = self.shared.lock();
        if buffer.lines == MAX_LINES {
            dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        if buffer.text.is_empty() {
            changed.notify_one();
        }
        buffer.text.extend_from_slice(line);
        buffer.lines += 1;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut out: impl Write) {
        let mut text = Vec::new();
        loop {
            let waits = |buffer: &mut Buffer| buffer.text.is_empty() && !buffer.is_closed;
            let mut buffer = self.changed.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut buffer.text, &mut text);
            let (lines, is_closed) = (buffer.lines, buffer.is_closed);
            drop(buffer);
            // If stderr is closed, the server runs without a log.
            let _ = out.write_all(&text);
            text.clear();
            self.lock().lines -= lines;
            if is_closed {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Passes on what is written, and waits until that is received.
    struct Slow(mpsc::SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.send(text.to_vec()).map_err(io::Error::other)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn case_32_lines_that_wait_are_bounded_counted_and_written_together() {
        let (out, written) = mpsc::sync_channel(0);
        let log = Log::start(Slow(out)).unwrap();
        let (mut writer, dropped) = (log.writer(), log.dropped_lines());
        for _ in 0..MAX_LINES + 3 {
            writer.write_all(b"line\n").unwrap();
        }
        assert_eq!(dropped(), 3);
        let received = thread::spawn(move || written.iter().collect::<Vec<_>>());
        drop(log);
        let received = received.join().unwrap();
        assert_eq!(received.concat(), b"line\n".repeat(MAX_LINES));
        assert!(received.len() <= 2, "{} writes", received.len());
    }

    #[test]
    fn case_32_a_stalled_reader_does_not_stall_the_end() {
        let (out, written) = mpsc::sync_channel(0);
        let log = Log::start(Slow(out)).unwrap();
        log.writer().write_all(b"line\n").unwrap();
        drop(log);
        assert!(written.recv().is_ok(), "it was being written");
    }
}
