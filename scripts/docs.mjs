// `npm run docs`: writes the generated pages of docs/ from the keyword tables. A test fails while they are stale.
import { writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { pages } = await import(new URL('dist/test/config/pages.js', root).href);
for (const [path, text] of Object.entries(pages())) {
  writeFileSync(new URL(path, root), text);
  console.log(path);
}
