//! Shows that the simulation finds bugs: breaks one rule of the engine at a time in a copy of the sources, and searches for a seed that
//! notices. The shipped engine needs no switches for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::process::{Running, output_of};
use crate::project;
use crate::step::{Result, failure, step};
use crate::tally::Count;

/// Each rule must be missed within so many seeds.
const SEEDS: &str = "100000";

/// A rule of `docs/architecture.md`, and what is replaced to break it.
struct Broken {
    rule: &'static str,
    edits: &'static [Edit],
}

struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const fn edit(file: &'static str, from: &'static str, to: &'static str) -> Edit {
    Edit { file, from, to }
}

const LOCK: Edit = edit("client/src/refresh.rs", "let lock = self.lock(stale).await;", "let lock: Option<Lock> = None;");

const RULES: &[Broken] = &[
    Broken {
        rule: "1, one refresh",
        edits: &[
            edit("client/src/refresh.rs", "&& flight.stale.session == stale.session", "&& flight.stale.session != stale.session"),
            edit("client/src/refresh.rs", "Ok(Standing::Current(held)) => {", "Ok(Standing::Current(held) | Standing::Newer(held)) => {"),
        ],
    },
    Broken {
        rule: "2, compare before you refresh",
        edits: &[edit(
            "client/src/refresh.rs",
            "Ok(Standing::Current(held)) => self.board(&held, cause),\n            Ok(Standing::Newer(newer)) => landed(Ok(newer)),",
            "Ok(Standing::Current(held) | Standing::Newer(held)) => self.board(&held, cause),",
        )],
    },
    Broken {
        rule: "3, one replay",
        edits: &[edit(
            "client/src/client.rs",
            "self.attempt(call, Some(&fresh), true).await",
            "let again = self.attempt(call, Some(&fresh), true).await?;
        if !self.is_refusal(call, &again) {
            return Ok(again);
        }
        let fresh = session.renew(&fresh, Cause::Unauthorized).await?;
        self.attempt(call, Some(&fresh), true).await",
        )],
    },
    Broken {
        rule: "4, rejected is not unreachable",
        edits: &[edit("client/src/grant.rs", "(400 | 401, Some(_)) => Verdict::Rejected", "(400.., _) => Verdict::Rejected")],
    },
    Broken {
        rule: "5, nobody's haste is everybody's loss",
        edits: &[edit("client/src/refresh.rs", "self.0.transport.platform.spawn(landing.clone().map(drop).boxed_local());", "")],
    },
    Broken {
        rule: "6, a refresh belongs to its session",
        edits: &[edit(
            "client/src/refresh.rs",
            "match (self.standing_to_buy(stale), answer)",
            "match (Ok::<_, Error>(Standing::Current(stale.clone())), answer)",
        )],
    },
    Broken { rule: "7, tabs are one session", edits: &[LOCK] },
    Broken {
        rule: "8, time is the server's",
        edits: &[edit(
            "client/src/clock.rs",
            "let age = self.heard.get().and_then(by_server).unwrap_or(local);",
            "let age = now.wall - of.server.unwrap_or(of.wall) + 0.0 * self.heard.get().and_then(by_server).unwrap_or(local);",
        )],
    },
    Broken {
        rule: "9, before it hurts",
        edits: &[edit("client/src/session.rs", "Left::Enough => Ok(Some(held)),", "_ => Ok(Some(held)),")],
    },
    Broken {
        rule: "10, tokens go home only",
        edits: &[edit("client/src/client.rs", "self.0.home.contains(&address.origin)", "!address.origin.is_empty()")],
    },
    Broken {
        rule: "11, the store may fail",
        edits: &[edit(
            "client/src/kept.rs",
            "Err(_) => return Some(Change::Warning(Warning::StoreDenied)),",
            "Err(_) => {
                self.held.replace(Held::Nobody(None));
                return None;
            }",
        )],
    },
    Broken {
        rule: "12, what is sent again is the same",
        edits: &[edit(
            "client/src/client.rs",
            "self.attempt(call, Some(&fresh), true).await",
            "let bare = call.request.clone().body(crate::Body::empty());
        let call = Call { number: call.number, request: &bare, address: call.address.clone() };
        self.attempt(&call, Some(&fresh), true).await",
        )],
    },
];

pub(crate) fn test() -> Result<Count> {
    let copy = project::target().join("rules").join("tree");
    let mut count = Count::default();
    step("Testing: does the simulation notice each broken rule?", "3 min, 5 the first time", || {
        copy_sources(&copy)?;
        for broken in RULES {
            match noticed(broken, &copy)? {
                Some(seed) => {
                    println!("    rule {}: {seed}", broken.rule);
                    count.passed += 1;
                }
                None => {
                    println!("    rule {}: NOT noticed within {SEEDS} seeds, or it could not be built: see above", broken.rule);
                    count.failed += 1;
                }
            }
        }
        Ok(())
    })?;
    Ok(count)
}

/// What the first seed that notices says.
fn noticed(broken: &Broken, copy: &Path) -> Result<Option<String>> {
    for edit in broken.edits {
        let file = copy.join(edit.file);
        let source = read(&file)?;
        if source.matches(edit.from).count() != 1 {
            return Err(failure(format!(
                "rule {}: `{}` does not stand in {} exactly once: renew the edit in xtask/src/rules.rs",
                broken.rule, edit.from, edit.file
            )));
        }
        write(&file, source.replace(edit.from, edit.to).as_bytes())?;
    }
    let mut seeds = project::cargo();
    seeds
        .current_dir(copy)
        .args(["test", "--quiet", "--package", "wugan", "--no-default-features", "--features", "testing", "--test", "seeds"])
        .env("CARGO_TARGET_DIR", project::target().join("rules").join("build"))
        .env("CARGO_TERM_QUIET", "true")
        .env("RUST_BACKTRACE", "0")
        .env("WUGAN_SEEDS", SEEDS)
        .stdout(Stdio::piped());
    let mut found = None;
    let mut running = Running::start(&mut seeds)?;
    running.each_line(|line| {
        if line.starts_with("seed ") && found.is_none() {
            found = Some(line.to_owned());
        }
    });
    let failed = !running.wait()?.success();
    for edit in broken.edits {
        write(&copy.join(edit.file), read(&project::root().join(edit.file))?.as_bytes())?;
    }
    Ok(found.filter(|_| failed))
}

/// The files that git knows or would take; what has not changed stays, so that little is built again.
fn copy_sources(copy: &Path) -> Result<()> {
    let mut git = std::process::Command::new("git");
    git.current_dir(project::root()).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let files = output_of(&mut git).ok_or_else(|| failure("git can't list the project's files: is it installed, and is this a clone?"))?;
    for file in files.lines().map(PathBuf::from) {
        // A file that was deleted and not committed is none.
        let Ok(source) = fs::read(project::root().join(&file)) else { continue };
        if fs::read(copy.join(&file)).ok().as_ref() != Some(&source) {
            write(&copy.join(&file), &source)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|e| failure(format!("{} can't be read: {e}", file.display())))
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, bytes))
        .map_err(|e| failure(format!("{} can't be written: {e}", file.display())))
}
