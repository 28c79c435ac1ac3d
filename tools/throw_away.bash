# What throw-away servers of the tests share; sourced by tools/postgres and tools/pgbouncer.

# as_server COMMAND...: runs it as somebody who may run a server: root may not.
as_server() {
  if ((EUID == 0)); then
    setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all "$@"
  else
    "$@"
  fi
}

# free_port: a port of 127.0.0.1 that nobody listens on just now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# postgres_programs: the folder of the newest PostgreSQL's programs that is installed.
postgres_programs() { printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }
