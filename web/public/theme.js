// Sets a chosen theme before the first paint, so that a dark screen never flashes white. Without a choice the system decides.
try {
  const theme = localStorage.getItem('vedette-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system decides.
}
