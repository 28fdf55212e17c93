// `npm run docs`: writes the generated pages of docs/ from the keyword tables, and share/openapi.json from the control server's.
// A test fails while they are stale.
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { pages } = await import(new URL('dist/test/config/pages.js', root).href);
const { openApi } = await import(new URL('dist/lib/control/openapi.js', root).href);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const all = { ...pages(), 'share/openapi.json': `${JSON.stringify(openApi(version), undefined, 2)}\n` };
for (const [path, text] of Object.entries(all)) {
  writeFileSync(new URL(path, root), text);
  console.log(path);
}
