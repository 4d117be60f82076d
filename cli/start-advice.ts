/** Why a hub did not start, as it says it itself, to a sentence with what to do about it, where that is known. */
export interface Ports {
  readonly console: number;
  readonly link: number;
}

const listenFailure = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL)\b.*?([\d.]+|[0-9a-f:]*:|\[[0-9a-f:]+\]):(\d+)\s*$/;

export function startAdvice(reason: string, ports: Ports): string {
  const [, code, address = '', port = ''] = listenFailure.exec(reason) ?? [];
  if (code === undefined) return reason;
  const option = Number(port) === ports.link ? '--link-port N' : '--port N (or PORT=N)';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${address} is in use by another program. Choose another one: vedette up ${option}`;
    case 'EACCES':
      return `port ${port} may not be opened by this user. Choose one from 1024 on: vedette up ${option}`;
    default:
      return `this host has no address ${address}. Choose one that it has: vedette up ${Number(port) === ports.link ? '--link-host' : '--host'} ADDRESS`;
  }
}
