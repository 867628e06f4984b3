/** What is typed after a slash, matched to the commands that the bot offers: pure. */

import { translate } from "./texts.js";

/** The types of an option, as Discord numbers them. */
export const TYPES = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, file: 11 };

/**
 * List the commands that begin as typed, then those that hold it somewhere.
 * @param {Array<object>} commands as the server offers them
 * @param {string} typed with its slash
 */
export function matching(commands, typed) {
  const wanted = typed.slice(1).trim().toLowerCase();
  const rank = (command) => {
    const names = [command.name.toLowerCase(), command.path.toLowerCase()];
    if (names.some((name) => name.startsWith(wanted))) return 0;
    if (names.some((name) => name.includes(wanted))) return 1;
    return command.description.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return commands
    .map((command, at) => ({ command, at, rank: rank(command) }))
    .filter((one) => one.rank < 3)
    .sort((one, other) => one.rank - other.rank || one.at - other.at)
    .map((one) => one.command);
}

/**
 * Read a command that was typed or pasted as a whole, such as `/suno status abc`.
 * @returns {?{command: object, values: Record<string, string>}} nothing while the name is unfinished
 */
export function readTyped(commands, typed) {
  const text = typed.slice(1);
  const fits = (name) => text.toLowerCase().startsWith(`${name.toLowerCase()} `);
  const found = commands
    .flatMap((command) => [command.name, command.path].filter(fits).map((name) => ({ command, name })))
    .sort((one, other) => other.name.length - one.name.length)[0];
  if (!found) return null;
  return { command: found.command, values: valuesIn(found.command, text.slice(found.name.length).trim()) };
}

/** Read `name:value` pairs; what comes before the first is the value of the first option. */
function valuesIn(command, text) {
  const values = {};
  let current = command.options[0];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const [head, ...tail] = word.split(":");
    const named = tail.length ? command.options.find((one) => one.name === head || one.label === head) : null;
    current = named ?? current;
    const rest = named ? tail.join(":") : word;
    if (current) values[current.name] = [values[current.name], rest].filter(Boolean).join(" ");
  }
  return values;
}

/** Give the fixed choices of an option, null where its value is typed freely. */
export function fixedChoices(option, store) {
  const entries = (things) => Object.entries(things).map(([value, name]) => ({ name, value }));
  const users = () => Object.entries(store.users).map(([value, one]) => ({ name: one.name, value }));
  switch (option.type) {
    case TYPES.boolean:
      return [
        { name: translate("true"), value: "true" },
        { name: translate("false"), value: "false" },
      ];
    case TYPES.user:
      return users();
    case TYPES.role:
      return entries(store.roles);
    case TYPES.mentionable:
      return [...users(), ...entries(store.roles)];
    case TYPES.channel:
      return store.channels.filter((one) => one.kind !== "direct").map((one) => ({ name: `#${one.name}`, value: one.id }));
    default:
      return option.choices.length ? option.choices : null;
  }
}

/** Say what is wrong with a value, or nothing. */
export function faultOf(option, value) {
  if (value === "") return option.required ? "required" : null;
  const number = Number(value);
  if ([TYPES.integer, TYPES.number].includes(option.type)) {
    if (Number.isNaN(number) || (option.type === TYPES.integer && !Number.isInteger(number))) return "number";
    if (number < (option.min_value ?? -Infinity) || number > (option.max_value ?? Infinity)) return "range";
  }
  const length = [...String(value)].length;
  if (option.type === TYPES.string && (length < (option.min_length ?? 0) || length > (option.max_length ?? 6000))) return "length";
  return null;
}
