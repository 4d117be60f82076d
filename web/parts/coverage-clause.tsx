/** The clause that belongs beside every count: on how much of the whole it rests. */
import type { ReactNode } from 'react';
import { useApi } from '../data.ts';
import { Link } from '../router.tsx';
import { percentWords } from '../view/numbers.ts';

export function CoverageClause(): ReactNode {
  const { data } = useApi('coverage', {});
  if (data === undefined) return null;
  if (data.sensorsTotal === 0) return <span>No sensor has joined, so nothing is seen.</span>;
  return <span>Rests on <Link to="/coverage" className="clause-link">{percentWords(data.percent)} of what the hooks can see</Link>.</span>;
}
