/** A server that speaks SMTP and keeps what it is given: one mail a DATA, held before it says that it took it. No TLS, no sign-in. */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Mailbox {
  readonly port: number;
  /** Whole mails as they came. */
  readonly mails: readonly string[];
  close(): Promise<void>;
}

export interface MailboxOptions {
  /** Somebody has connected and was not greeted yet. */
  readonly connected: () => Promise<void>;
  /** The mail is here, and its sender does not know. */
  readonly arrived: (mail: string) => Promise<void>;
  /** Its sender has been told. */
  readonly answered: (mail: string) => Promise<void>;
}

export async function openMailbox(options: MailboxOptions): Promise<Mailbox> {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    void converse(socket).catch(() => socket.destroy());
  });
  const converse = async (socket: Socket): Promise<void> => {
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    await options.connected();
    say('220 mailbox.test ESMTP');
    let text = '';
    let inData = false;
    for await (const piece of socket as AsyncIterable<Buffer>) {
      text += piece.toString('latin1');
      for (let end = text.indexOf(inData ? '\r\n.\r\n' : '\r\n'); end !== -1; end = text.indexOf(inData ? '\r\n.\r\n' : '\r\n')) {
        const said = text.slice(0, end);
        text = text.slice(end + (inData ? 5 : 2));
        if (inData) {
          inData = false;
          mails.push(said);
          await options.arrived(said);
          say('250 2.0.0 taken');
          await options.answered(said);
          continue;
        }
        const word = said.slice(0, 4).toUpperCase();
        inData = word === 'DATA';
        say(inData ? '354 go on' : word === 'QUIT' ? '221 bye' : '250 mailbox.test');
        if (word === 'QUIT') socket.end();
      }
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    async close() {
      for (const one of sockets) one.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
