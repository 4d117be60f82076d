/** The options of `vedette check` and what they mean, in words. */
export const checkOptions = {
  policy: { type: 'string', multiple: true },
  exceptions: { type: 'string', multiple: true },
  advisories: { type: 'string' },
  reference: { type: 'string' },
  platform: { type: 'string' },
  key: { type: 'string', multiple: true },
  trust: { type: 'string', multiple: true },
  'registry-config': { type: 'string' },
  'plain-http': { type: 'boolean', default: false },
  'no-cache': { type: 'boolean', default: false },
  enforce: { type: 'boolean', default: false },
  unknown: { type: 'string', default: 'fail' },
  format: { type: 'string', default: 'table' },
  output: { type: 'string' },
  report: { type: 'string', multiple: true },
  hub: { type: 'string' },
  'token-file': { type: 'string' },
  'hub-required': { type: 'boolean', default: false },
  repository: { type: 'string' },
  commit: { type: 'string' },
  'run-url': { type: 'string' },
  principal: { type: 'string' },
} as const;

type ValueOf<O> = O extends { readonly type: 'boolean' } ? boolean : O extends { readonly multiple: true } ? string[] | undefined : O extends { readonly default: string } ? string : string | undefined;
export type CheckValues = { readonly [Name in keyof typeof checkOptions]?: ValueOf<(typeof checkOptions)[Name]> } & {
  readonly [Name in 'enforce' | 'plain-http' | 'no-cache' | 'hub-required']: boolean;
} & { readonly unknown: string; readonly format: string };

export const usage = `vedette check TARGET --policy FILE|DIRECTORY … [--hub URL] [--exceptions FILE …] [--advisories STORE]
       [--key FILE …] [--trust REGISTRY[/PATH] …] [--reference NAME] [--platform OS/ARCH]
       [--enforce] [--unknown fail|warn] [--format table|json|sarif|junit] [--output FILE]
       [--report FORMAT=FILE …]`;

export const details = `  TARGET             registry/repository:tag, also with @sha256:…; or oci:DIRECTORY[:TAG],
                     oci-archive:FILE[:TAG]
  --policy           policies; of a directory every .yaml file in it
  --exceptions       exceptions; one that is expired or not approved does not count, and is named
  --advisories       the store to match with; without it the one that vedette advisories sync made
                     here. Without any, what is vulnerable is unknown
  --key              public key of cosign (PEM, ECDSA P-256) to check signatures with
  --trust            a registry, or a folder in one, whose images are trusted
  --reference        what the image is or will be called, where the layout does not say
  --platform         of a multi-platform image; without it this machine's
  --registry-config  credentials as docker and podman keep them (config.json, auth.json)
  --plain-http       ask the registry without TLS
  --no-cache         read the image again, although its digest is known here
  --enforce          as if policies in shadow were enforced, to try them
  --unknown          a rule that cannot be answered counts as failed (fail, the default) or warns
  --format           table for people; json, sarif (2.1.0) or junit for machines
  --output           write the format there, and the table to the terminal
  --report           one more report of the same check: sarif=FILE, junit=FILE, json=FILE, table=FILE
  --hub              check with its policies and exceptions as well, and keep the result there. Of two
                     policies of one name the hub's is asked; exceptions from files count for
                     policies from files alone
  --token-file       the hub's token, of the role pipeline; or VEDETTE_TOKEN in the environment
  --hub-required     a hub that is away ends the check with 2; without this it is a warning
  --repository, --commit, --run-url, --principal
                     whose run this is, where the variables of GitHub Actions, GitLab CI or Jenkins
                     do not say it
  Exit code: 0 passes, 1 a rule failed or an unknown counted as failed, 2 it could not be checked.`;

export const examples = [
  'vedette check oci:build/image:latest --policy policies/',
  'vedette check registry.example.com/shop/cart:1.4 --policy gate.yaml --key cosign.pub --trust registry.example.com/shop',
  'vedette check oci-archive:image.tar --policy gate.yaml --exceptions accepted.yaml --unknown warn',
  'vedette check oci:image --policy gate.yaml --format sarif --output vedette.sarif',
  'vedette check oci:image --policy gate.yaml --report sarif=vedette.sarif --report junit=vedette-junit.xml',
  'vedette check registry.example.com/shop/cart:1.4 --hub https://vedette.example.com --token-file token',
  'vedette check oci:image --policy content/policies/image --enforce --reference registry.example.com/shop/cart:1.4',
];
