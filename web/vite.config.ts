/**
 * Builds the console into static files. Where to is the caller's: `vite build --outDir X --emptyOutDir` (the product
 * builds outside the checkout); the address below which the hub serves it is VEDETTE_WEB_BASE. Nothing is inlined,
 * because the hub serves a content security policy that allows only files of its own.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: process.env['VEDETTE_WEB_BASE'] ?? '/',
  cacheDir: process.env['VEDETTE_WEB_CACHE'] ?? '../node_modules/.vite/web',
  plugins: [react()],
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    sourcemap: false,
  },
});
