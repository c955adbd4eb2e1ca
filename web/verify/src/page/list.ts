import { element, type Child } from "./dom";

const ROW = 34;
const BROWSERS_MOST = 8_000_000;

/**
 * A list of which only the rows in sight exist, so that a million records scroll as ten do. It is one stop for the keyboard:
 * arrows, Page, Home and End move, Enter or Space opens. Browsers limit how tall an element may be, so that beyond that limit
 * the height is scaled.
 */
export class VirtualList {
  readonly #box: HTMLElement;
  readonly #inner = element("div", { class: "rows", role: "presentation" });
  readonly #row: (index: number) => Child[];
  readonly #open: (index: number) => void;
  #indexes: ArrayLike<number> = [];
  #active = 0;
  #all = false;

  /** @param row What stands in a row. @param open Is called with the row that is opened. */
  constructor(box: HTMLElement, row: (index: number) => Child[], open: (index: number) => void) {
    this.#box = box;
    this.#row = row;
    this.#open = open;
    box.replaceChildren(this.#inner);
    box.addEventListener("scroll", () => this.#draw());
    box.addEventListener("keydown", (event) => this.#key(event));
    window.addEventListener("resize", () => this.#draw());
    // On paper there is no scrolling: the first thousands stand there whole.
    window.addEventListener("beforeprint", () => this.#print(true));
    window.addEventListener("afterprint", () => this.#print(false));
  }

  /** Shows these rows. */
  show(indexes: ArrayLike<number>): void {
    this.#indexes = indexes;
    this.#active = 0;
    this.#box.scrollTop = 0;
    this.#draw();
  }

  get #height(): number {
    return Math.min(this.#indexes.length * ROW, BROWSERS_MOST);
  }

  #draw(): void {
    const count = this.#indexes.length, height = this.#height, fit = Math.ceil(this.#box.clientHeight / ROW) + 1;
    this.#inner.style.height = this.#all ? "auto" : `${height}px`;
    const scrollable = Math.max(height - this.#box.clientHeight, 1);
    const first = this.#all ? 0 : Math.max(0, Math.min(Math.round((this.#box.scrollTop / scrollable) * Math.max(count - fit + 1, 0)), count - 1));
    const last = this.#all ? Math.min(count, 5000) : Math.min(first + fit, count);
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; i++) {
      const index = this.#indexes[i]!;
      const row = element("div", { class: "row", role: "option", id: `row-${i}`, "aria-posinset": `${i + 1}`, "aria-setsize": `${count}`, "aria-selected": `${i === this.#active}` }, ...this.#row(index));
      if (!this.#all) row.style.top = `${Math.min(this.#box.scrollTop, scrollable) + (i - first) * ROW}px`;
      row.addEventListener("click", () => {
        this.#active = i;
        this.#draw();
        this.#open(index);
      });
      rows.push(row);
    }
    this.#inner.replaceChildren(...rows);
    if (this.#active >= first && this.#active < last) this.#box.setAttribute("aria-activedescendant", `row-${this.#active}`);
    else this.#box.removeAttribute("aria-activedescendant");
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(Math.floor(this.#box.clientHeight / ROW) - 1, 1), last = this.#indexes.length - 1;
    const to: Record<string, number> = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, PageDown: this.#active + page, PageUp: this.#active - page, Home: 0, End: last };
    if (event.key in to) {
      this.#active = Math.max(0, Math.min(to[event.key]!, last));
      const fit = Math.ceil(this.#box.clientHeight / ROW) + 1, scrollable = Math.max(this.#height - this.#box.clientHeight, 1);
      this.#box.scrollTop = (Math.max(this.#active - page / 2, 0) / Math.max(last + 2 - fit, 1)) * scrollable;
      this.#draw();
    } else if ((event.key === "Enter" || event.key === " ") && last >= 0) {
      this.#open(this.#indexes[this.#active]!);
    } else {
      return;
    }
    event.preventDefault();
  }

  #print(all: boolean): void {
    this.#all = all;
    this.#draw();
  }
}
