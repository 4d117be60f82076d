/** What is ordinary step by step and telling together: rules with a sequence or a count, and twins that lack a step. */
import type { Action } from '../battery.ts';
import { onHost } from './write.ts';

/** A program that copies, under the name of one that downloads. */
const curl = 'cp /bin/cp /usr/local/bin/curl';
const download = '/usr/local/bin/curl /bin/true /tmp/tool';

function connectTo(ports: string): readonly string[] {
  return ['bash', '-c', `for port in ${ports}; do { : > /dev/tcp/127.0.0.1/$port; } 2> /dev/null; done; true`];
}

export const sequences: readonly Action[] = [
  onHost('execution', 'a download that is made executable and run', ['sh', '-c', `${download} && chmod 755 /tmp/tool && /tmp/tool`], { own: ['Downloaded file executed'], official: [], note: 'the official rules see no one step of it on a host' }, { prepare: curl }),
  onHost('discovery', 'many ports of one address', connectTo('$(seq 1 25)'), { own: ['Port scan'], official: [], note: 'the official rules do not count' }),
  onHost('benign', 'a download that is not run', ['sh', '-c', `${download} && chmod 755 /tmp/tool && cat /tmp/tool > /dev/null`], { own: [], official: [] }, { prepare: curl }),
  onHost('benign', 'one port again and again', connectTo('$(yes 1 | head -n 25)'), { own: [], official: [] }),
];
