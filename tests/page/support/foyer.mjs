// A real server with a database of its own, which a test may kill and start again on the same port and the same data.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { dropDatabase, onPostgres, ownRedisOf, urlOf } from "../../wire/support/database.mjs";
import { freePort } from "../../wire/support/redis.mjs";

const PROGRAM = resolve(process.env.FOYER ?? "build/foyer");
const START_MS = 20_000;

/** Runs `task` until it gives something, or says what it waited for. */
export async function until(what, task, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const result = await task();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(40);
  }
}

/** Starts a server on a demo venue. `stop` ends it and takes its data away. */
export async function startFoyer() {
  const folder = mkdtempSync(join(tmpdir(), "foyer-page-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    ...process.env,
    HOST: "127.0.0.1",
    PORT: String(port),
    WS_PORT: String(port),
    DATABASE_URL: urlOf(folder, true),
    ...(onPostgres && (await ownRedisOf(folder))),
    DEMO: "1",
    RATE_LIMITS: "off",
    LOG_LEVEL: "warn",
  };
  let child = null;

  /** Starts it and waits until it is ready. */
  async function start() {
    child = spawn(PROGRAM, ["serve"], { cwd: folder, env: environment, stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", (fault) => console.error(`${PROGRAM} does not start: ${fault.message}`));
    const ready = () => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    await until("the server to be ready", ready, START_MS);
  }

  /** Ends it the hard way and waits until it is gone. */
  async function kill() {
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  }

  await start();
  return {
    url,
    folder,
    start,
    kill,
    /** Runs the program's own commands on the same data. */
    command: (...words) => execFileSync(PROGRAM, words, { cwd: folder, env: environment, encoding: "utf8" }),
    async stop() {
      await kill();
      dropDatabase(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
