/** Elements from names and texts. Data becomes text nodes and never markup. */
export type Child = Node | string | undefined;

export function element<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) if (child !== undefined) made.append(shown(child));
  return made;
}

/** Characters that turn text around or hide in it are made visible: hostile records must not look like others. */
const shown = (child: Node | string): Node | string =>
  typeof child === "string" ? child.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`) : child;

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
