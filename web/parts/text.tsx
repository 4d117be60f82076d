/**
 * Text that carries more than its letters: times with the exact moment behind them, technical values that can be
 * copied, commands, images, addresses to the outside, and counts with their word.
 */
import { useState, type ReactNode } from 'react';
import { localZone, useNow } from '../clock.ts';
import { cutMiddle, imageName, shortDigest, visible } from '../view/cut.ts';
import { absoluteTime, agoWords, ageWords } from '../view/time.ts';
import { outsideAddress } from '../view/url.ts';
import { containerWords } from '../view/words.ts';
import { Icon } from './icons.tsx';
import { Tip } from './tip.tsx';
import './text.css';

/** "3 min ago", or only its age, "3 min", where a sentence says so; the exact moment, local and UTC, on hover. */
export function Time({ at, absent = 'never', age = false }: { readonly at: string | null; readonly absent?: string; readonly age?: boolean }): ReactNode {
  const now = useNow();
  if (at === null) return <span className="faint">{absent}</span>;
  return <Tip content={<Moment at={at} />}><time dateTime={at} className="nowrap">{age ? ageWords(now - Date.parse(at)) : agoWords(at, now)}</time></Tip>;
}

export function Moment({ at }: { readonly at: string }): ReactNode {
  return (
    <span className="moment mono">
      <span>{absoluteTime(at, localZone)}</span><span className="quiet">{localZone}</span>
      <span>{absoluteTime(at, 'UTC')}</span><span className="quiet">UTC</span>
    </span>
  );
}

const copiedMs = 1600;

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context there is no clipboard; the text stays selectable.
    return false;
  }
}

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactNode {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');
  const copy = async (): Promise<void> => {
    setState((await copyText(text)) ? 'copied' : 'refused');
    window.setTimeout(() => setState('idle'), copiedMs);
  };
  const label = state === 'copied' ? 'Copied' : state === 'refused' ? 'Not copied: the browser allows it only over HTTPS' : `Copy ${what}`;
  return (
    <button type="button" className={`copy is-${state}`} aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name={state === 'copied' ? 'check' : 'copy'} size={14} />
    </button>
  );
}

/** An id, hash or path in monospace with its copy button; cut in the middle where it is long. */
export function Code({ text, what, max = 64, copy = true }: { readonly text: string; readonly what: string; readonly max?: number; readonly copy?: boolean }): ReactNode {
  const shown = visible(text);
  const short = cutMiddle(shown, max);
  const body = <code className="mono code-text">{short}</code>;
  return (
    <span className="code">
      {short === shown ? body : <Tip content={<code className="mono">{shown}</code>}>{body}</Tip>}
      {copy ? <CopyButton text={text} what={what} /> : null}
    </span>
  );
}

export function Digest({ digest, what = 'digest' }: { readonly digest: string; readonly what?: string }): ReactNode {
  return (
    <span className="code">
      <Tip content={<code className="mono">{digest}</code>}><code className="mono code-text">{shortDigest(digest)}</code></Tip>
      <CopyButton text={digest} what={what} />
    </span>
  );
}

/** A command to be run elsewhere: the whole of it, never cut. */
export function Command({ text }: { readonly text: string }): ReactNode {
  return <div className="command"><code className="mono">{text}</code><CopyButton text={text} what="command" /></div>;
}

/** Repository and tag are what people call it; the registry before them is quiet and gives way first where there is no room. */
export function ImageText({ image, whole = false }: { readonly image: string; readonly whole?: boolean }): ReactNode {
  const { registry, repository, tag } = imageName(image);
  return (
    <span className={`image-text ${whole ? 'is-whole' : ''}`} title={image}>
      {registry === null ? null : <><span className="image-registry faint">{registry}/</span><span className="image-short faint" aria-hidden="true">…/</span></>}
      <span className="image-repository">{repository}</span>
      {tag === null ? null : <span className="image-tag quiet">:{tag}</span>}
    </span>
  );
}

/** A container by what it is of, and its own name beside it. */
export function ContainerText(one: { readonly workload: string | null; readonly name: string | null; readonly id: string }): ReactNode {
  const { title, part } = containerWords(one);
  return <>{title}{part === null ? null : <span className="faint"> {part}</span>}</>;
}

export function Outside({ address }: { readonly address: string }): ReactNode {
  const safe = outsideAddress(address);
  if (safe === null) return <span className="wrap-anywhere">{visible(address)}</span>;
  return <a href={safe} target="_blank" rel="noreferrer noopener" className="outside wrap-anywhere">{cutMiddle(safe, 90)}<Icon name="outside" size={12} /></a>;
}

/** Labelled facts, one a line; the definition list of every side panel. */
export function Fields({ items }: { readonly items: readonly (readonly [string, ReactNode] | null)[] }): ReactNode {
  return (
    <dl className="fields">
      {items.filter((item) => item !== null).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
