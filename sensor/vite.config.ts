/**
 * Puts the sensor into two files for Node: itself, and the scanner that it starts. A module loaded as source keeps its text,
 * its place in the loader's tables and its compiler in memory for as long as the sensor runs: on every node, that is a
 * third of what it weighs. Where to is the caller's: `vite build --outDir X`. Nothing is minified: a stack must be readable.
 */
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.vite/sensor',
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: true,
    target: 'node26',
    rolldownOptions: {
      input: {
        sensor: join(import.meta.dirname, 'main.ts'),
        scanner: join(import.meta.dirname, 'enrich', 'inventory', 'child.ts'),
      },
      // without comments and in ASCII the text is a third as long and V8 keeps a byte a character; names and lines stay, for stacks
      output: { comments: false, minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } }, entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
    },
  },
});
