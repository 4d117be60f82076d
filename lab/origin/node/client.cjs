/**
 * JFrog's own JavaScript client, unchanged, in a row of calls against one server: each prints a line of JSON with what the client made of the answer, or the
 * error that it gives. What is expected stands in the lab that runs this.
 *
 *   node client.cjs DIRECTORY-WITH-THE-CLIENT PLATFORM-URL TOKEN SCRATCH-DIRECTORY
 */
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const [directory, platformUrl, accessToken, scratch] = process.argv.slice(2);
const { JfrogClient } = createRequire(join(directory, 'package.json'))('jfrog-client-js');
const logger = { debug: () => undefined, error: () => undefined };
const clientWith = (more) => new JfrogClient({ platformUrl, accessToken, logger, retries: 2, retryDelay: 50, ...more });
const client = clientWith({});

async function step(name, act) {
  const line = { step: name };
  try {
    line.result = (await act()) ?? null;
  } catch (error) {
    line.error = error instanceof Error ? error.message : String(error);
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const query = 'items.find({"repo":"docker-local","path":"web/1","name":"manifest.json"}).include("repo","path","name","size","sha256","created","property")';

async function artifactorySteps() {
  const artifactory = client.artifactory();
  await step('ping', () => artifactory.system().ping());
  await step('version', async () => (await artifactory.system().version()).version);
  await step('wrong token', () => clientWith({ accessToken: 'wrong' }).artifactory().system().version());
  await step('user and password', async () => (await clientWith({ accessToken: '', username: 'admin', password: accessToken }).artifactory().system().version()).version);
  await step('report usage', () => artifactory.system().reportUsage('lab', [{ featureId: 'trace' }]));
  await step('AQL', async () => {
    const [row] = (await artifactory.search().aqlSearch(query)).results;
    return [row.repo, row.path, row.name, typeof row.size, row.properties.find((one) => one.key === 'docker.manifest').value];
  });
  await step('AQL that is none', () => artifactory.search().aqlSearch('items.find({'));
  await step('download', () => artifactory.download().downloadArtifact('/generic-local/in/a.txt'));
  await step('download to a file', async () => {
    await artifactory.download().downloadArtifactToFile('/generic-local/in/a.txt', join(scratch, 'by-js.txt'));
    return readFileSync(join(scratch, 'by-js.txt'), 'utf8');
  });
  await step('checksum', () => artifactory.download().getArtifactChecksum('/generic-local/in/a.txt'));
  await step('download of what is not there', () => artifactory.download().downloadArtifact('/generic-local/in/none.txt'));
}

async function xraySteps() {
  const xray = client.xray();
  await step('Xray version', async () => (await xray.system().version()).xray_version);
  await step('Xray ping', () => xray.system().ping());
  await step('entitlement', () => xray.entitlements().feature('contextual_analysis'));
  await step('no entitlement', () => xray.entitlements().feature('nothing'));
  await step('settings of advanced security', () => xray.jasconfig().getJasConfig());
  await step('component summary', async () => {
    const found = await xray.summary().component({ component_details: [{ component_id: 'npm://left-pad:1.0.0' }] });
    const [issue] = found.artifacts[0].issues;
    return [issue.issue_id, issue.severity, typeof issue.impact_path, issue.cves[0].cve, issue.components[0].fixed_versions];
  });
  await step('build details', async () => {
    const found = [];
    for (let at = 0; at < 3; at += 1) found.push((await xray.details().build('from go', '7')).is_scan_completed);
    return found;
  });
  await step('graph scan', async () => {
    const seen = [];
    const found = await xray.scan().graph({ component_id: 'npm://app:1.0.0', nodes: [{ component_id: 'npm://left-pad:1.0.0' }] }, { setPercentage: (one) => seen.push(one) }, () => undefined, '', [], undefined, undefined, 50);
    const [one] = found.vulnerabilities;
    return [seen, one.issue_id, one.cves[0].cvss_v3_score, Object.keys(one.components)];
  });
}

/** In the order in which the lab lets the server fail; what is asked again comes last. */
async function faultSteps() {
  const search = (more) => clientWith(more).artifactory().search().aqlSearch(query);
  await step('429, not waited for', () => search({ retries: 0 }));
  await step('503, asked again', async () => (await clientWith({}).artifactory().system().version()).version);
  await step('403', () => search({ retries: 0 }));
  await step('silent', () => search({ retries: 0, timeout: 300 }));
  await step('cut', () => search({ retries: 0 }));
  await step('429, waited for', async () => (await search({ retryOnStatusCode: (status) => status === 429 })).results.length);
}

const acts = { calls: [artifactorySteps, xraySteps], faults: [faultSteps] };

void (async () => {
  for (const act of acts[process.argv[6] ?? 'calls']) await act();
})();
