/** Every generated file: pages of the documentation, the JSON Schema, editor support: path in the project to text. `npm run docs` writes them, a test compares them. */
import { renderDiagnostic } from '../../lib/config/render.js';
import { adviceOf, allMessages } from '../../lib/config/reference/advice.js';
import { compatPage, referencePage } from '../../lib/config/reference/pages.js';
import { schemaDocument } from '../../lib/config/reference/json-schema.js';
import { vimSyntax } from '../../lib/config/reference/editor.js';
import { cases, diagnose } from './cases.js';

export function pages(): Readonly<Record<string, string>> {
  return {
    'docs/compat.md': compatPage(),
    'docs/config-reference.md': referencePage(),
    'docs/diagnostics.md': diagnosticsPage(),
    'share/model.schema.json': `${JSON.stringify(schemaDocument(), undefined, 1)}\n`,
    'share/vim/syntax/keepalived.vim': vimSyntax(),
  };
}

const rooms: Readonly<Record<string, string>> = {
  KA1: 'Reading and preprocessing',
  KA2: 'Structure and values',
  KA3: 'VRRP',
  KA4: 'Load balancing',
  KA5: 'Scripts and the machine',
  KA6: 'What hurts in production (`ka-node check` only)',
  KA7: 'Across the nodes of a cluster (`ka-node check --cluster`)',
};

function diagnosticsPage(): string {
  const sorted = [...allMessages()].sort((a, b) => (a.code < b.code ? -1 : 1));
  return [
    '# Diagnostics',
    '',
    '<!-- Written by `npm run docs` from lib/config. Do not edit. -->',
    '',
    'Every code that `ka-node check` can show: what it means, an example, the repair. `ka-node explain CODE` shows the same.',
    'error: refused, or a part of the configuration is lost. warning: works, but not as written. deprecated: works, but has a newer',
    'form. security: a risk. info: worth knowing.',
    '',
    ...Object.entries(rooms).flatMap(([prefix, title]) => [
      `## ${title}`,
      '',
      ...sorted
        .filter(({ code }) => code.startsWith(prefix))
        .flatMap(({ code, severity }) => entry(code, severity)),
    ]),
  ].join('\n');
}

function entry(code: string, severity: string): readonly string[] {
  const [means, repair] = adviceOf(code) ?? ['', ''];
  return [`### ${code}`, '', `_${severity}._ ${means}`, '', ...example(code), `**Repair:** ${repair}`, ''];
}

const longest = 12;

/** What is said of the example that the tests use; left out where the text is too large to be read. */
function example(code: string): readonly string[] {
  const found = cases.find((item) => item.code === code);
  const diagnostic = found === undefined ? undefined : diagnose(found).find((item) => item.code === code);
  if (diagnostic === undefined) return [];
  const lines = renderDiagnostic(diagnostic)
    .replaceAll('/etc/keepalived/k.conf', 'keepalived.conf')
    .split('\n');
  return ['```', ...lines.slice(0, longest).map((line) => line.slice(0, 160)), '```', ''];
}
