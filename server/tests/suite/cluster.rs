//! Databases of several nodes, started for one test: a PostgreSQL primary with a streaming standby, and a Galera cluster.
//!
//! `cargo xtask test native` sets the paths of their programs: `WUGAN_TEST_POSTGRES_BIN` is the folder with `initdb` and `postgres`,
//! `WUGAN_TEST_MARIADB_BIN` is `mariadbd`, `WUGAN_TEST_GALERA` is `libgalera_smm.so`, `WUGAN_TEST_SST` is the
//! folder with `wsrep_sst_rsync`.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::{
    env, fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::sleep;

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A node. Dropping it kills it, as `kill -9` does.
pub(crate) struct Node {
    pub(crate) port: u16,
    process: Option<Child>,
    log: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Node {
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn program(variable: &str) -> PathBuf {
    env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| panic!("{variable} is not set: `cargo xtask test native` sets it"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A folder that the databases' account owns. Databases refuse to run as root, so root runs them as `nobody`.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("wugan-cluster-").tempdir().unwrap();
    set_owner(folder.path());
    folder
}

fn account() -> Option<(u32, u32)> {
    let id = |flags: &[&str]| -> u32 {
        let output = Command::new("id").args(flags).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "nobody"]), id(&["-g", "nobody"])))
}

fn set_owner(path: &Path) {
    if let Some((user, group)) = account() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn command(program: &Path, folder: &Path, log: &Path) -> Command {
    let mut command = Command::new(program);
    let output = fs::File::options().create(true).append(true).open(log).unwrap();
    command.current_dir(folder).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    if let Some((user, group)) = account() {
        command.uid(user).gid(group);
    }
    command
}

fn run(command: &mut Command, log: &Path) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {}", fs::read_to_string(log).unwrap_or_default());
}

/// Waits until the node takes connections and `query` returns a row.
async fn wait_for(node: &Node, url: &str, query: &str) -> DatabaseConnection {
    let started = Instant::now();
    loop {
        if let Ok(connection) = Database::connect(url).await {
            let backend = connection.get_database_backend();
            let statement = sea_orm::Statement::from_string(backend, query);
            if matches!(connection.query_one_raw(statement).await, Ok(Some(_))) {
                return connection;
            }
            let _ = connection.close().await;
        }
        assert!(started.elapsed() < START_TIMEOUT, "{}", fs::read_to_string(&node.log).unwrap_or_default());
        sleep(Duration::from_millis(100)).await;
    }
}

/// A PostgreSQL primary and a standby that follows it asynchronously.
pub(crate) struct PostgresPair {
    pub(crate) primary: Node,
    pub(crate) standby: Node,
    _folder: TempDir,
}

impl PostgresPair {
    pub(crate) async fn start() -> Self {
        let folder = folder();
        let programs = program("WUGAN_TEST_POSTGRES_BIN");
        let (first, second) = (folder.path().join("primary"), folder.path().join("standby"));
        let log = folder.path().join("setup.log");
        let mut initdb = command(&programs.join("initdb"), folder.path(), &log);
        run(initdb.args(["--username=wugan", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"]).arg(&first), &log);
        let primary = Self::node(&programs, folder.path(), &first);
        let url = Self::url(&primary, "postgres");
        let connection = wait_for(&primary, &url, "SELECT 1").await;
        connection.execute_unprepared("CREATE DATABASE wugan").await.unwrap();
        connection.close().await.unwrap();
        let mut backup = command(&programs.join("pg_basebackup"), folder.path(), &log);
        run(backup.args(["-R", "--no-sync", "--checkpoint=fast", "-d", &url, "-D"]).arg(&second), &log);
        let standby = Self::node(&programs, folder.path(), &second);
        let standby_url = Self::url(&standby, "postgres");
        wait_for(&standby, &standby_url, "SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'").await.close().await.unwrap();
        Self { primary, standby, _folder: folder }
    }

    fn node(programs: &Path, folder: &Path, data: &Path) -> Node {
        let (port, log) = (free_port(), data.with_extension("log"));
        let mut server = command(&programs.join("postgres"), folder, &log);
        server.arg("-D").arg(data).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "wal_level=replica", "max_connections=200"] {
            server.args(["-c", setting]);
        }
        Node { port, process: Some(server.spawn().unwrap()), log }
    }

    fn url(node: &Node, database: &str) -> String {
        format!("postgres://wugan@{}/{database}", node.address())
    }

    /// The database's URL at that address.
    pub(crate) fn database_url(address: &str) -> String {
        format!("postgres://wugan@{address}/wugan")
    }

    /// Stops the replication to the standby.
    pub(crate) async fn cut_replication(&self) {
        let connection = Database::connect(Self::url(&self.standby, "postgres")).await.unwrap();
        connection.execute_unprepared("ALTER SYSTEM SET primary_conninfo = ''").await.unwrap();
        connection.execute_unprepared("SELECT pg_reload_conf()").await.unwrap();
        let receivers = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT 1 FROM pg_stat_wal_receiver");
        while connection.query_one_raw(receivers.clone()).await.unwrap().is_some() {
            sleep(Duration::from_millis(20)).await;
        }
        connection.close().await.unwrap();
    }

    /// Makes the primary read-only, as in a switchover. Its connections stay open.
    pub(crate) async fn demote_primary(&self) {
        let connection = Database::connect(Self::url(&self.primary, "postgres")).await.unwrap();
        connection.execute_unprepared("ALTER SYSTEM SET default_transaction_read_only = on").await.unwrap();
        connection.execute_unprepared("SELECT pg_reload_conf()").await.unwrap();
        connection.close().await.unwrap();
    }

    pub(crate) async fn promote_standby(&self) {
        let connection = Database::connect(Self::url(&self.standby, "postgres")).await.unwrap();
        connection.execute_unprepared("SELECT pg_promote()").await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Three nodes of MariaDB that replicate synchronously.
pub(crate) struct Galera {
    pub(crate) nodes: Vec<Node>,
    _folder: TempDir,
}

impl Galera {
    pub(crate) async fn start() -> Self {
        let folder = folder();
        Self::prepare(folder.path());
        let mut nodes: Vec<Node> = Vec::new();
        let mut group = Vec::new();
        for n in 0..3 {
            let node = Self::node(folder.path(), n, &mut group);
            let synced = "SELECT 1 FROM information_schema.global_status \
                WHERE variable_name = 'WSREP_LOCAL_STATE_COMMENT' AND variable_value = 'Synced'";
            wait_for(&node, &Self::url(&node.address(), "wugan"), synced).await.close().await.unwrap();
            nodes.push(node);
        }
        Self { nodes, _folder: folder }
    }

    /// Three folders with the same data, so that a node that joins copies little.
    fn prepare(folder: &Path) {
        let (first, log) = (folder.join("node0"), folder.join("setup.log"));
        let statements = folder.join("setup.sql");
        fs::write(
            &statements,
            "FLUSH PRIVILEGES;\nCREATE USER wugan@'127.0.0.1' IDENTIFIED BY 'wugan';\nGRANT ALL ON *.* TO wugan@'127.0.0.1';\nCREATE DATABASE wugan;\n",
        )
        .unwrap();
        set_owner(&statements);
        let mut install = command(Path::new("mariadb-install-db"), folder, &log);
        install.args(["--no-defaults", "--skip-test-db"]);
        run(install.arg(format!("--datadir={}", first.display())), &log);
        let mut bootstrap = command(&program("WUGAN_TEST_MARIADB_BIN"), folder, &log);
        bootstrap.args(["--no-defaults", "--bootstrap"]).arg(format!("--datadir={}", first.display()));
        run(bootstrap.stdin(fs::File::open(&statements).unwrap()), &log);
        for n in 1..3 {
            run(command(Path::new("cp"), folder, &log).arg("-R").arg(&first).arg(folder.join(format!("node{n}"))), &log);
        }
    }

    fn url(address: &str, database: &str) -> String {
        format!("mysql://wugan:wugan@{address}/{database}")
    }

    /// The database's URL at that address.
    pub(crate) fn database_url(address: &str) -> String {
        Self::url(address, "wugan")
    }

    /// Starts a node that joins those whose group addresses are in `group`, and adds its own.
    fn node(folder: &Path, n: usize, group: &mut Vec<String>) -> Node {
        let data = folder.join(format!("node{n}"));
        let log = folder.join(format!("node{n}.log"));
        let [port, listen, increment, snapshot] = [(); 4].map(|()| free_port());
        let mut server = command(&program("WUGAN_TEST_MARIADB_BIN"), folder, &log);
        let scripts = program("WUGAN_TEST_SST").into_os_string().into_string().unwrap();
        server.env("PATH", format!("{scripts}:{}", env::var("PATH").unwrap()));
        server.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
        server.args([
            format!("--port={port}"),
            format!("--socket=socket{n}"),
            format!("--pid-file={}", folder.join(format!("pid{n}")).display()),
            format!("--wsrep-cluster-address=gcomm://{}", group.join(",")),
            format!("--wsrep-node-address=127.0.0.1:{listen}"),
            format!(
                "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{listen};ist.recv_addr=127.0.0.1:{increment};gcache.size=16M"
            ),
            format!("--wsrep-sst-receive-address=127.0.0.1:{snapshot}"),
            format!("--wsrep-provider={}", program("WUGAN_TEST_GALERA").display()),
        ]);
        server.args([
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--wsrep-on=ON",
            "--wsrep-sst-method=rsync",
            "--max-connections=300",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=off",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        group.push(format!("127.0.0.1:{listen}"));
        Node { port, process: Some(server.spawn().unwrap()), log }
    }
}
