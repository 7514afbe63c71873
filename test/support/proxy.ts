import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A way to a PostgreSQL server that can be disturbed. It understands just enough of what is said to tell a COMMIT from
 * everything else.
 */

/** What becomes of a COMMIT: the connection is cut before it is sent on, at the same moment, or in place of its answer. */
export type Fate = 'sent on' | 'cut before' | 'cut meanwhile' | 'answer lost';

export class Proxy {
  /** Decides on each COMMIT, counted from 1. */
  fate: (nth: number) => Fate = () => 'sent on';
  /** Told of every message of a client, before it is sent on. */
  onMessage: () => void = () => undefined;
  /** Greets new clients with a number of its own in place of the server's process, as a pooler does. */
  isPooler = false;
  /** How many COMMITs have come. */
  commits = 0;
  private isSilent = false;
  private readonly ways = new Set<Way>();

  private constructor(private readonly server: Server, private readonly to: URL) {
    server.on('connection', (client) => this.open(client));
  }

  /** A proxy before the server of a database setting. */
  static async before(url: string): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, new URL(url));
  }

  /** The setting that leads through it. */
  get url(): string {
    const url = new URL(this.to);
    [url.hostname, url.port] = ['127.0.0.1', String((this.server.address() as { port: number }).port)];
    return url.href;
  }

  /** Sends whoever comes from now on to another server. */
  leadTo(url: string): void {
    [this.to.hostname, this.to.port] = [new URL(url).hostname, new URL(url).port];
  }

  /** Cuts every connection. Returns how many there were. */
  cut(): number {
    const cut = [...this.ways];
    for (const way of cut) way.close();
    return cut.length;
  }

  /** Swallows whatever comes, closing nothing: on the connections there are, and on new ones too until it is said otherwise. */
  silence(alsoNew: boolean): void {
    for (const way of this.ways) way.isSilent = true;
    this.isSilent = alsoNew;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private open(client: Socket): void {
    const way = new Way(client, connect(Number(this.to.port || 5432), this.to.hostname), (isCommit) => {
      this.onMessage();
      return isCommit ? this.fate(this.commits += 1) : 'sent on';
    });
    way.isSilent = this.isSilent;
    way.isPooler = this.isPooler;
    this.ways.add(way);
    // What is silent does not tell the server that its client has gone.
    client.on('close', () => { if (!way.isSilent) this.ways.delete(way); });
  }
}

/** One connection through the proxy. */
class Way {
  isSilent = false;
  isPooler = false;
  private isAnswerAwaited = false;
  private unread = Buffer.alloc(0);
  private isGreeted = false;

  constructor(private readonly client: Socket, private readonly server: Socket, private readonly fateOf: (isCommit: boolean) => Fate) {
    client.on('data', (bytes) => { if (!this.isSilent) this.hear(bytes); });
    server.on('data', (bytes) => {
      if (this.isAnswerAwaited) this.close();
      else if (!this.isSilent) client.write(this.isPooler ? withOtherKey(bytes) : bytes);
    });
    for (const side of [client, server]) {
      side.setNoDelay();
      side.on('error', () => this.close());
      side.on('close', () => { if (!this.isSilent) this.close(); });
    }
  }

  close(): void {
    this.client.destroy();
    this.server.destroy();
  }

  /** Sends whole messages on: a type, but for the first, a length, and what it says. */
  private hear(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes]);
    for (;;) {
      const head = this.isGreeted ? 1 : 0;
      if (this.unread.length < head + 4) return;
      const length = head + this.unread.readUInt32BE(head);
      if (this.unread.length < length) return;
      const message = this.unread.subarray(0, length);
      this.unread = this.unread.subarray(length);
      this.isGreeted = true;
      if (this.pass(message) === 'cut') return;
    }
  }

  private pass(message: Buffer): 'sent' | 'cut' {
    const fate = this.fateOf(isCommit(message));
    if (fate === 'cut before' || this.client.destroyed) return this.cut();
    this.isAnswerAwaited = fate === 'answer lost';
    this.server.write(message, () => { if (fate === 'cut meanwhile') this.close(); });
    return 'sent';
  }

  private cut(): 'cut' {
    this.close();
    return 'cut';
  }
}

/** The server's process stands in one message of twelve bytes, behind that it lets the client in. */
function withOtherKey(bytes: Buffer): Buffer {
  const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  if (at >= 0) bytes.writeUInt32BE(1, at + 5);
  return bytes;
}

function isCommit(message: Buffer): boolean {
  return message.subarray(0, 1).toString() === 'Q' && message.subarray(5, -1).toString().toLowerCase() === 'commit';
}
