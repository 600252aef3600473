//! What `Client::send` adds to a request with a valid token: time and memory, natively, on a platform that answers at once.

use super::head;
use crate::process::run;
use crate::project;
use crate::step::Result;

pub(super) fn measure() -> Result<()> {
    head("What the library adds to a request: the same sending by hand (bare), and by Client::send");
    run(project::cargo().args(["bench", "--quiet", "--package", "wugan-bench-client", "--bench", "send"]))
}
