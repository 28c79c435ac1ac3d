// Binds a table of actions to what they work with.

/** The actions of a table as they are called: what they work with is already there. */
export type Bound<Table> = {
  [Name in keyof Table]: Table[Name] extends (context: never, ...input: infer Input) => infer Result
    ? (...input: Input) => Result
    : never;
};

/** Hands the context to every action. What is no function in the table is left out. */
export function bind<Table extends object>(context: unknown, table: Table): Bound<Table> {
  const actions = Object.entries(table).filter(([, action]) => typeof action === "function");
  const bound = actions.map(([name, action]) => {
    const run = action as (context: unknown, ...input: unknown[]) => unknown;
    return [name, (...input: unknown[]) => run(context, ...input)];
  });
  return Object.fromEntries(bound) as Bound<Table>;
}
