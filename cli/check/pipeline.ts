/**
 * Which repository, commit and run a check belongs to: from the variables that GitHub Actions, GitLab CI and Jenkins set, each of which
 * options may say otherwise. What is not said is null, never guessed; an address that is none is left out. These are the pipeline's own
 * words: whoever writes the pipeline can write them.
 */
import type { PipelineRun } from '@vedette/model/api/checks';

export interface RunOptions {
  readonly repository: string | undefined;
  readonly commit: string | undefined;
  readonly runUrl: string | undefined;
  readonly principal: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

export function pipelineRun(variables: Variables, options: RunOptions): PipelineRun {
  const found = detected(variables);
  const runUrl = address(options.runUrl) ?? found.runUrl;
  return {
    system: found.system,
    repository: given(options.repository, 1000) ?? found.repository,
    commit: given(options.commit, 200) ?? found.commit,
    run: found.run ?? runUrl?.slice(0, 500) ?? null,
    runUrl,
    principal: given(options.principal, 500) ?? found.principal,
  };
}

function detected(variables: Variables): PipelineRun {
  const of = (name: string, max = 500): string | null => given(variables[name], max);
  if (of('GITHUB_ACTIONS') === 'true') {
    const [server, repository, run] = [of('GITHUB_SERVER_URL'), of('GITHUB_REPOSITORY'), of('GITHUB_RUN_ID')];
    const place = server === null || repository === null ? null : `${server}/${repository}`;
    return {
      system: 'github-actions',
      repository: place,
      commit: of('GITHUB_SHA', 200),
      // The same run tried again may build another image.
      run: run === null ? null : `${run}/${of('GITHUB_RUN_ATTEMPT') ?? '1'}/${of('GITHUB_JOB') ?? ''}`,
      runUrl: place === null || run === null ? null : address(`${place}/actions/runs/${run}`),
      principal: of('GITHUB_TRIGGERING_ACTOR') ?? of('GITHUB_ACTOR'),
    };
  }
  if (of('GITLAB_CI') === 'true') {
    return { system: 'gitlab-ci', repository: of('CI_PROJECT_URL', 1000), commit: of('CI_COMMIT_SHA', 200), run: of('CI_JOB_ID'), runUrl: address(variables['CI_JOB_URL']), principal: of('GITLAB_USER_LOGIN') };
  }
  if (of('JENKINS_URL') !== null && of('BUILD_NUMBER') !== null) {
    return {
      system: 'jenkins',
      repository: withoutCredentials(variables['GIT_URL']),
      commit: of('GIT_COMMIT', 200),
      run: of('BUILD_TAG') ?? `${of('JOB_NAME') ?? ''}/${of('BUILD_NUMBER') ?? ''}`,
      runUrl: address(variables['BUILD_URL']),
      principal: of('BUILD_USER_ID') ?? of('CHANGE_AUTHOR'),
    };
  }
  return { system: 'other', repository: null, commit: null, run: null, runUrl: null, principal: null };
}

/** Empty variables are as good as none; a control character is in no name. */
function given(text: string | undefined, max: number): string | null {
  return text === undefined || text.trim() === '' || text.length > max || /\p{Cc}/u.test(text) ? null : text.trim();
}

function address(text: string | null | undefined): string | null {
  const url = text == null ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || text!.length > 2000) return null;
  url.username = '';
  url.password = '';
  return url.href;
}

/** A clone's address may carry a token. */
function withoutCredentials(text: string | undefined): string | null {
  const plain = given(text, 1000);
  return plain === null ? null : (address(plain) ?? plain);
}
