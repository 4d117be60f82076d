/** Whose run a check is, from the variables that pipelines set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PipelineRun } from '@vedette/model/api/checks';
import { pipelineRun } from './pipeline.ts';

const nothing = { repository: undefined, commit: undefined, runUrl: undefined, principal: undefined };
const github = { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'shop/cart', GITHUB_SHA: 'abc', GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '2', GITHUB_JOB: 'build', GITHUB_ACTOR: 'ada' };
const gitlab = { GITLAB_CI: 'true', CI_PROJECT_URL: 'https://gitlab.example/shop/cart', CI_COMMIT_SHA: 'abc', CI_JOB_ID: '42', CI_JOB_URL: 'https://gitlab.example/shop/cart/-/jobs/42', GITLAB_USER_LOGIN: 'ada' };
const jenkins = { JENKINS_URL: 'https://ci.example/', BUILD_NUMBER: '9', JOB_NAME: 'cart', BUILD_TAG: 'jenkins-cart-9', BUILD_URL: 'https://ci.example/job/cart/9/', GIT_URL: 'https://user:secret@git.example/cart.git', GIT_COMMIT: 'abc' };

test('the three pipelines, each by its own variables', () => {
  const rows: readonly (readonly [Record<string, string>, string])[] = [
    [github, 'github-actions https://github.example/shop/cart abc 7/2/build https://github.example/shop/cart/actions/runs/7 ada'],
    [{ ...github, GITHUB_TRIGGERING_ACTOR: 'bob' }, 'github-actions https://github.example/shop/cart abc 7/2/build https://github.example/shop/cart/actions/runs/7 bob'],
    [gitlab, 'gitlab-ci https://gitlab.example/shop/cart abc 42 https://gitlab.example/shop/cart/-/jobs/42 ada'],
    [jenkins, 'jenkins https://git.example/cart.git abc jenkins-cart-9 https://ci.example/job/cart/9/ -'],
    [{}, 'other - - - - -'],
    [{ GITHUB_ACTIONS: 'false', GITHUB_SHA: 'abc' }, 'other - - - - -'],
    [{ GITHUB_ACTIONS: 'true' }, 'github-actions - - - - -'],
    [{ ...gitlab, CI_JOB_URL: 'javascript:alert(1)', CI_COMMIT_SHA: ' ', GITLAB_USER_LOGIN: 'a\nb' }, 'gitlab-ci https://gitlab.example/shop/cart - 42 - -'],
  ];
  for (const [variables, expected] of rows) {
    const { system, repository, commit, run, runUrl, principal } = pipelineRun(variables, nothing);
    assert.equal([system, repository ?? '-', commit ?? '-', run ?? '-', runUrl ?? '-', principal ?? '-'].join(' '), expected);
  }
});

test('options say otherwise; whatever comes out is of the contract’s form', () => {
  const said = pipelineRun(gitlab, { repository: 'r', commit: 'c', runUrl: 'https://u:p@x.example/1', principal: 'p' });
  assert.deepEqual([said.repository, said.commit, said.runUrl, said.principal, said.run], ['r', 'c', 'https://x.example/1', 'p', '42']);
  assert.equal(pipelineRun({}, { ...nothing, runUrl: 'https://x.example/1' }).run, 'https://x.example/1');
  for (const variables of [github, gitlab, jenkins, {}, { ...github, GITHUB_REPOSITORY: 'x'.repeat(5000), GITHUB_SHA: 'y'.repeat(500) }]) PipelineRun.parse(pipelineRun(variables, nothing));
});
