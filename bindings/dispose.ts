/** `await using` needs two symbols that Node.js has since 20.4; older ones of the 20 line get them here. Import before defining a class. */

const wanted = ['dispose', 'asyncDispose'] as const;

for (const name of wanted) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

export {};
