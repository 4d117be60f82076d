/** Credential access, discovery and lateral movement. */
import type { Action } from '../battery.ts';
import { metadata, outside } from '../scene.ts';
import { inside, onHost } from './write.ts';

const hashes = 'Password hashes read';
const sensitive = 'Read sensitive file untrusted';
const sshKey = 'Private key of SSH read';
const search = 'Search for keys and passwords';
const cloud = 'Metadata of the cloud asked';
const officialCloud = ['Contact EC2 Instance Metadata Service From Container', 'Contact cloud metadata service from container'];
const netTool = 'Launch Suspicious Network Tool in Container';
const fakeShadow = 'echo "root:*:19000::::::" > /etc/shadow';

const credentials: readonly Action[] = [
  inside('credential-access', 'password hashes', ['cat', '/etc/shadow'], { own: [hashes], official: [sensitive] }),
  onHost('credential-access', 'password hashes on the host', ['cat', '/etc/shadow'], { own: [hashes], official: [sensitive] }, { prepare: fakeShadow }),
  onHost('credential-access', 'password hashes by a shell', ['sh', '-c', 'read -r line < /etc/shadow'], { own: [hashes], official: [], note: 'the official rule leaves out shells' }, { prepare: fakeShadow }),
  onHost('credential-access', 'the copy of the password hashes', ['cat', '/etc/shadow-'], { own: [hashes], official: [], note: 'the official list does not have the copies' }, { prepare: 'echo "root:*:19000::::::" > /etc/shadow-' }),
  onHost('credential-access', 'a second name for password hashes', ['ln', '/etc/shadow', '/etc/note'], { own: [hashes], official: ['Create Hardlink Over Sensitive Files'] }, { prepare: fakeShadow }),
  onHost('credential-access', 'password hashes moved away', ['mv', '/etc/shadow', '/etc/moved-away'], { own: [hashes], official: [] }, { prepare: fakeShadow }),
  onHost('credential-access', 'a private key', ['cat', '/root/.ssh/id_ed25519'], { own: [sshKey], official: ['Read ssh information'] }, { prepare: 'mkdir -p /root/.ssh\necho key > /root/.ssh/id_ed25519' }),
  onHost('credential-access', 'the key of the host', ['cp', '/etc/ssh/ssh_host_ed25519_key', '/etc/copied'], { own: [sshKey], official: [] }, { prepare: 'mkdir -p /etc/ssh\necho key > /etc/ssh/ssh_host_ed25519_key' }),
  inside('credential-access', 'credentials of a cloud', ['cat', '/root/.aws/credentials'], { own: ['Credentials of a platform read'], official: [] }, { prepare: 'mkdir -p /root/.aws\necho key > /root/.aws/credentials' }),
  inside('credential-access', 'the token of the pod', ['cat', '/run/secrets/kubernetes.io/serviceaccount/token'], { own: ['Service account token read by a tool'], official: [] }, { prepare: 'mkdir -p /run/secrets/kubernetes.io/serviceaccount\necho token > /run/secrets/kubernetes.io/serviceaccount/token' }),
  inside('credential-access', "the cloud's metadata", ['attack', 'connect', metadata, '80'], { own: [cloud], official: officialCloud }),
  inside('credential-access', "the cloud's metadata by datagrams", ['attack', 'udp', metadata, '80'], { own: [cloud], official: [], note: 'the official macro leaves out sockets whose own address is 0.0.0.0, as that of every datagram socket that is not bound' }),
  inside('credential-access', 'the environment of a process', ['cat', '/proc/1/environ'], { own: ['Environment of another process read'], official: ['Read environment variable from /proc files'] }),
  inside('credential-access', 'memory of another process', ['attack', 'on-child', 'vm-read'], { own: ['Memory of another process read'], official: [] }),
  onHost('credential-access', 'memory of another process by its file', ['attack', 'on-child', 'mem-read'], { own: ['Memory of another process read'], official: [] }),
  inside('credential-access', 'a search for keys by what they hold', ['grep', '-r', 'BEGIN OPENSSH PRIVATE KEY', '/srv/app/package.json'], { own: [search], official: ['Search Private Keys or Passwords'] }),
  inside('credential-access', 'a search for keys of a cloud', ['find', '/srv/app', '-maxdepth', '1', '-path', '*.aws/credentials'], { own: [search], official: ['Find AWS Credentials'] }),
  onHost('credential-access', 'a search for cluster configurations', ['find', '/root', '-maxdepth', '1', '-path', '*.kube/config'], { own: [search], official: [] }),
];

const discovery: readonly Action[] = [
  inside('discovery', 'nmap', ['/usr/bin/nmap', '-sS', '10.0.0.0/24'], { own: ['Network scanner runs'], official: [netTool] }),
  inside('discovery', 'thirty ports tried by a program of its own', ['attack', 'scan', outside], { own: ['Port scan'], official: [], note: 'the official rules have no counts' }),
  inside('discovery', 'masscan', ['/usr/bin/masscan', '10.0.0.0/8'], { own: ['Network scanner runs'], official: [] }),
  inside('discovery', 'a tool for breaking out', ['/usr/bin/amicontained'], { own: ['Tool for breaking out of containers runs'], official: [] }),
  inside('discovery', 'kubectl', ['/usr/bin/kubectl', 'auth', 'can-i', '--list'], { own: ['Client of a cluster runs in a container'], official: [] }),
  inside('discovery', 'a packet socket', ['attack', 'packets'], { own: ['Packets listened to in a container'], official: ['Packet socket created in container'] }, { capabilities: ['CAP_NET_RAW'] }),
];

const lateral: readonly Action[] = [
  inside('lateral-movement', 'SSH by a program of another name', ['attack', 'connect', outside, '22'], { own: ['SSH from a container'], official: [], note: 'the official rule asks for ssh by its name, and for another port than 22' }),
  inside('lateral-movement', 'ssh to another port', ['/usr/bin/ssh', 'to', outside, '443'], { own: ['SSH from a container'], official: ['Disallowed SSH Connection Non Standard Port'] }),
  inside('lateral-movement', 'the kubelet', ['attack', 'connect', outside, '10250'], { own: ['Service of a node asked from a container'], official: [] }),
  inside('lateral-movement', 'Docker over the network', ['attack', 'connect', outside, '2375'], { own: ['Service of a node asked from a container'], official: [] }),
  onHost('lateral-movement', "somebody's SSH agent", ['attack', 'unix', '/root/ssh-XXnobody/agent.7'], { own: ['Agent of SSH used by a stranger'], official: [] }, { prepare: 'mkdir -p /root/ssh-XXnobody' }),
];

export const looking: readonly Action[] = [...credentials, ...discovery, ...lateral];
