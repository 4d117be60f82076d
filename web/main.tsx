/** Starts the console: queries, address, session, frame, and the page that the address names, loaded when first needed. */
import { Component, lazy, StrictMode, Suspense, type ComponentType, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { queries } from './data.ts';
import './parts/base.css';
import { BoneLines, Empty, Page } from './parts/page.tsx';
import { FullPageFailure } from './parts/problem.tsx';
import { WithRole } from './parts/no-role.tsx';
import { Shell } from './parts/shell/shell.tsx';
import { Link, Router, usePlace } from './router.tsx';
import { SessionGate } from './session.tsx';
import { routes, type PageName } from './view/routes.ts';
import { matchRoute } from './view/url.ts';

type PageProps = { readonly params: Readonly<Record<string, string>> };

const loaders: Readonly<Record<PageName, () => Promise<ComponentType<PageProps>>>> = {
  risk: async () => (await import('./pages/risk/risk.tsx')).RiskPage,
  live: async () => (await import('./pages/live/live.tsx')).LivePage,
  incidents: async () => (await import('./pages/incidents/incidents.tsx')).IncidentsPage,
  incident: async () => (await import('./pages/incidents/incident.tsx')).IncidentPage,
  noise: async () => (await import('./pages/noise/noise.tsx')).NoisePage,
  admissions: async () => (await import('./pages/admissions/admissions.tsx')).AdmissionsPage,
  baselines: async () => (await import('./pages/baselines/baselines.tsx')).BaselinesPage,
  baseline: async () => (await import('./pages/baselines/baseline.tsx')).BaselinePage,
  violations: async () => (await import('./pages/violations/violations.tsx')).ViolationsPage,
  violation: async () => (await import('./pages/violations/violation.tsx')).ViolationPage,
  vulnerabilities: async () => (await import('./pages/vulnerabilities/vulnerabilities.tsx')).VulnerabilitiesPage,
  vulnerability: async () => (await import('./pages/vulnerabilities/vulnerability.tsx')).VulnerabilityPage,
  policies: async () => (await import('./pages/policies/policies.tsx')).PoliciesPage,
  policy: async () => (await import('./pages/policies/policy.tsx')).PolicyPage,
  posture: async () => (await import('./pages/posture/posture.tsx')).PosturePage,
  control: async () => (await import('./pages/posture/control.tsx')).ControlPage,
  exceptions: async () => (await import('./pages/exceptions/exceptions.tsx')).ExceptionsPage,
  responses: async () => (await import('./pages/responses/responses.tsx')).ResponsesPage,
  response: async () => (await import('./pages/responses/response.tsx')).ResponsePage,
  playbooks: async () => (await import('./pages/responses/playbooks.tsx')).PlaybooksPage,
  playbook: async () => (await import('./pages/responses/playbook.tsx')).PlaybookPage,
  fleet: async () => (await import('./pages/fleet/fleet.tsx')).FleetPage,
  sensor: async () => (await import('./pages/fleet/sensor.tsx')).SensorPage,
  cluster: async () => (await import('./pages/fleet/cluster.tsx')).ClusterPage,
  coverage: async () => (await import('./pages/coverage/coverage.tsx')).CoveragePage,
  advisories: async () => (await import('./pages/advisories/advisories.tsx')).AdvisoriesPage,
  images: async () => (await import('./pages/images/images.tsx')).ImagesPage,
  image: async () => (await import('./pages/images/image.tsx')).ImagePage,
  trace: async () => (await import('./pages/images/trace.tsx')).TracePage,
  settings: async () => (await import('./pages/settings/settings.tsx')).SettingsPage,
  tokens: async () => (await import('./pages/tokens/tokens.tsx')).TokensPage,
  people: async () => (await import('./pages/people/people.tsx')).PeoplePage,
  account: async () => (await import('./pages/account/account.tsx')).AccountPage,
  audit: async () => (await import('./pages/audit/audit.tsx')).AuditPage,
  signIn: async () => (await import('./pages/sign-in/sign-in.tsx')).SignInPage,
};

const pages = Object.fromEntries(Object.entries(loaders).map(([name, load]) => [name, lazy(async () => ({ default: await load() }))])) as unknown as Readonly<Record<PageName, ComponentType<PageProps>>>;

/** Once the first page stands, the others are fetched too: together they are smaller than one picture. */
const idleMs = 3000;
window.setTimeout(() => {
  // A page that does not load now is asked for again when it is wanted, and says so then.
  for (const load of Object.values(loaders)) load().catch(() => undefined);
}, idleMs);

function Current(): ReactNode {
  const { path } = usePlace();
  const matched = matchRoute(routes, path);
  if (matched?.name === 'signIn') return <Suspense fallback={null}><SignIn /></Suspense>;
  return (
    <SessionGate>
      <WithRole>
        <Shell>
          <Broken place={path}>
            <Suspense fallback={<Waiting />}>{matched === null ? <Nowhere /> : <Shown name={matched.name} params={matched.params} />}</Suspense>
          </Broken>
        </Shell>
      </WithRole>
    </SessionGate>
  );
}

const { signIn: SignInLazy } = pages;
function SignIn(): ReactNode {
  return <SignInLazy params={{}} />;
}

function Shown({ name, params }: { readonly name: PageName } & PageProps): ReactNode {
  const Shown = pages[name];
  return <Shown params={params} />;
}

function Waiting(): ReactNode {
  return <main className="page-main" id="page"><BoneLines count={8} /></main>;
}

function Nowhere(): ReactNode {
  return (
    <Page title="Nothing here" sentence="There is no page at this address.">
      <Empty title="The link may be from another version" action={<Link to="/" className="button is-main">To the risk summary</Link>}>
        <p>Pages, lists and findings keep their addresses; what has been removed does not.</p>
      </Empty>
    </Page>
  );
}

/** A fault in one page leaves the frame standing, so that the reader can go elsewhere. */
interface BrokenState {
  readonly error: unknown;
  readonly place: string;
}
class Broken extends Component<{ readonly place: string; readonly children: ReactNode }, BrokenState> {
  override state: BrokenState = { error: null, place: this.props.place };
  static getDerivedStateFromError(error: unknown): Partial<BrokenState> {
    return { error };
  }
  static getDerivedStateFromProps(props: { readonly place: string }, state: BrokenState): BrokenState | null {
    return props.place === state.place ? null : { error: null, place: props.place };
  }
  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <FullPageFailure error={this.state.error} again={() => this.setState({ error: null })} />;
  }
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Router><Current /></Router>
    </QueryClientProvider>
  </StrictMode>,
);
