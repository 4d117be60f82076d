/** Light, dark, or as the system says. The choice is kept in this browser and set before the first paint by theme.js. */
import { useState, type ReactNode } from 'react';
import { Icon, type IconName } from '../icons.tsx';

type Theme = 'system' | 'light' | 'dark';
const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const words: Record<Theme, string> = { system: 'Theme: as the system says', light: 'Theme: light', dark: 'Theme: dark' };
const icons: Record<Theme, IconName> = { system: 'auto', light: 'sun', dark: 'moon' };

function current(): Theme {
  const set = document.documentElement.dataset['theme'];
  return set === 'light' || set === 'dark' ? set : 'system';
}

function choose(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem('vedette-theme');
    else localStorage.setItem('vedette-theme', theme);
  } catch {
    // Storage is refused: the choice holds until the page is left.
  }
}

export function ThemeSwitch(): ReactNode {
  const [theme, setTheme] = useState(current);
  const turn = (): void => {
    choose(next[theme]);
    setTheme(next[theme]);
  };
  return <button type="button" className="icon-button" aria-label={words[theme]} title={words[theme]} onClick={turn} data-testid="theme"><Icon name={icons[theme]} /></button>;
}
