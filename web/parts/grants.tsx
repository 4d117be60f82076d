/** Roles, each in a place, as they are given: rows to fill in, and below them in words what comes of it. */
import { useId, useState, type ReactNode } from 'react';
import type { Grant, Role } from '@vedette/model/access';
import { roles } from '@vedette/model/access';
import type { PlaceView } from '@vedette/model/api/access-views';
import { useApi } from '../data.ts';
import { effectWords, type ClusterNames } from '../view/grants.ts';
import { Icon } from './icons.tsx';
import './grants.css';

/** Clusters and namespaces that the reader knows; without a role there are none to ask for. */
export function usePlaces(): { readonly places: readonly PlaceView[]; readonly names: ClusterNames } {
  const places = useApi('listPlaces', {}).data?.items ?? [];
  return { places, names: new Map(places.map((place) => [place.cluster, place.name])) };
}

export function Effect({ grants }: { readonly grants: readonly Grant[] }): ReactNode {
  const { names } = usePlaces();
  return <ul className="plain-list quiet" data-testid="effect">{effectWords(grants, names).map((line) => <li key={line}>{line}</li>)}</ul>;
}

export function GrantsEditor({ grants, onChange }: { readonly grants: readonly Grant[]; readonly onChange: (grants: readonly Grant[]) => void }): ReactNode {
  const { places } = usePlaces();
  const put = (index: number, grant: Grant | null): void => onChange(grants.flatMap((one, at) => (at !== index ? [one] : grant === null ? [] : [grant])));
  return (
    <fieldset className="grants">
      <legend className="label">Roles</legend>
      {grants.map((grant, index) => <GrantRow key={index} grant={grant} places={places} onChange={(next) => put(index, next)} onRemove={() => put(index, null)} />)}
      <div><button type="button" className="button" onClick={() => onChange([...grants, { role: 'viewer', place: 'all' }])} data-testid="add-grant"><Icon name="plus" size={14} />{grants.length === 0 ? 'Give a role' : 'Another role'}</button></div>
      <div className="grants-effect" aria-live="polite"><Effect grants={grants} /></div>
    </fieldset>
  );
}

interface RowProps {
  readonly grant: Grant;
  readonly places: readonly PlaceView[];
  readonly onChange: (grant: Grant) => void;
  readonly onRemove: () => void;
}

function GrantRow({ grant: { role, place }, places, onChange, onRemove }: RowProps): ReactNode {
  const cluster = place === 'all' ? 'all' : place.cluster;
  const known = places.find((one) => one.cluster === cluster);
  const toCluster = (next: string): void => onChange({ role, place: next === 'all' ? 'all' : { cluster: next, namespaces: 'all' } });
  return (
    <div className="grant" data-testid="grant">
      <select className="input" aria-label="Role" value={role} onChange={(event) => onChange({ role: event.target.value as Role, place })}>{roles.map((one) => <option key={one} value={one}>{one}</option>)}</select>
      <select className="input" aria-label="Where" value={cluster} onChange={(event) => toCluster(event.target.value)}>
        <option value="all">in the whole hub</option>
        {places.map((one) => <option key={one.cluster} value={one.cluster}>in cluster {one.name}</option>)}
        {cluster === 'all' || known !== undefined ? null : <option value={cluster}>in a cluster that is gone</option>}
      </select>
      {place === 'all' ? <span className="quiet small grant-all">every namespace</span> : (
        <select className="input" aria-label="Namespaces" value={place.namespaces === 'all' ? 'all' : 'some'} onChange={(event) => onChange({ role, place: { cluster, namespaces: event.target.value === 'all' ? 'all' : [] } })}>
          <option value="all">all of it</option>
          <option value="some">only these namespaces</option>
        </select>
      )}
      <button type="button" className="icon-button" aria-label="Take this role away" onClick={onRemove}><Icon name="bin" size={14} /></button>
      {place === 'all' || place.namespaces === 'all' ? null : <Namespaces chosen={place.namespaces} known={known?.namespaces ?? []} onChange={(namespaces) => onChange({ role, place: { cluster, namespaces } })} />}
    </div>
  );
}

const checkedMax = 60;

/** Those that are known to tick, and any other by its name: it may come later. */
function Namespaces({ chosen, known, onChange }: { readonly chosen: readonly string[]; readonly known: readonly string[]; readonly onChange: (namespaces: readonly string[]) => void }): ReactNode {
  const [other, setOther] = useState('');
  const list = useId();
  const shown = [...new Set([...chosen, ...known.slice(0, checkedMax)])].sort();
  const toggle = (name: string): void => onChange(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name].sort());
  const add = (): void => {
    const name = other.trim();
    if (name !== '' && !chosen.includes(name)) onChange([...chosen, name].sort());
    setOther('');
  };
  return (
    <div className="grant-namespaces">
      {shown.map((name) => <label key={name} className="grant-namespace"><input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} /><span>{name}</span></label>)}
      <span className="grant-other">
        <input className="input" aria-label="Another namespace" placeholder="another namespace" list={list} maxLength={253} value={other} onChange={(event) => setOther(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }} />
        <datalist id={list}>{known.slice(checkedMax).map((name) => <option key={name} value={name} />)}</datalist>
        <button type="button" className="button" onClick={add} disabled={other.trim() === ''}>Add</button>
      </span>
    </div>
  );
}
